import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import DataError
from src.data.labels import (
    BOXES,
    CLIPPED,
    CONFIDENCES,
    POLYGONS,
    POSES,
    Box,
    LabelReader,
    box_from_corners,
    format_labels,
)

NAMES = ("cat", "dog")

edges = st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted).filter(lambda pair: pair[1] - pair[0] > 1e-4)
boxes = st.builds(
    lambda class_id, x, y: box_from_corners(class_id, x[0], y[0], x[1], y[1]), st.integers(0, 1), edges, edges
)


@given(st.lists(boxes, max_size=5))
def test_what_is_written_can_be_read_back_to_six_decimals(originals: list[Box]) -> None:
    """Writing labels and reading them loses nothing but decimals."""
    read = LabelReader(NAMES).read(format_labels(originals), "a.txt")

    assert [box.class_id for box in read] == [box.class_id for box in originals]
    for box, original in zip(read, originals, strict=True):
        assert box.x_centre == pytest.approx(original.x_centre, abs=1e-6)
        assert box.height == pytest.approx(original.height, abs=1e-6)


@given(st.text(alphabet="01. -naife\n\t5", max_size=60))
def test_any_text_is_read_or_refused_with_file_and_line(text: str) -> None:
    """No text makes the reader fail in another way than by naming the place."""
    try:
        read = LabelReader(NAMES).read(text, "a.txt")
    except DataError as error:
        line = str(error).split(":")[1]
        assert 1 <= int(line) <= len(text.splitlines())
    else:
        assert len(read) == sum(bool(line.strip()) for line in text.splitlines())


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param(
            "2 0.5 0.5 0.1 0.1", "class 2 is out of range: the data set has 2 classes, 0 to 1", id="class too high"
        ),
        pytest.param("-1 0.5 0.5 0.1 0.1", "class -1 is out of range", id="class negative"),
        pytest.param("0.5 0.5 0.5 0.1 0.1", "not a whole number", id="class fractional"),
        pytest.param("nan 0.5 0.5 0.1 0.1", "not a whole number", id="class NaN"),
        pytest.param("cat 0.5 0.5 0.1 0.1", "class is 'cat', not a number", id="class by name"),
        pytest.param("0 1.5 0.5 0.1 0.1", "x_centre is 1.5, outside [0, 1]", id="beyond one"),
        pytest.param("0 -0.1 0.5 0.1 0.1", "x_centre is -0.1, outside [0, 1]", id="below zero"),
        pytest.param("0 320 240 64 64", "fractions of the image, not pixels", id="pixels"),
        pytest.param("0 0.5 nan 0.1 0.1", "y_centre is nan", id="NaN"),
        pytest.param("0 0.5 0.5 inf 0.1", "width is inf", id="infinite"),
        pytest.param("0 0.5 0.5 0.1", "4 columns, expected 5", id="column missing"),
        pytest.param("0 0.5 0.5 0.1 0.1 0.9", "6 columns, expected 5", id="with a confidence"),
        pytest.param("0 0.1 0.1 0.2 0.1 0.2 0.2", "7 columns, expected 5", id="polygon"),
        pytest.param("0 0.5 0.5 0 0.1", "no area (width 0, height 0.1)", id="no width"),
        pytest.param("0 0.5 0.5 0.1 0", "no area", id="no height"),
        pytest.param("0 0.5 0.5 1e-7 0.1", "no area (width 1e-07", id="no width once it is written"),
        pytest.param("0 0.9 0.5 0.4 0.1", "reaches beyond the image: x from 0.7 to 1.1", id="sticks out"),
    ],
)
def test_a_bad_line_is_refused_with_its_place(line: str, reason: str) -> None:
    """A label that cannot be right is refused, naming file and line."""
    with pytest.raises(DataError) as caught:
        LabelReader(NAMES).read(f"0 0.5 0.5 0.1 0.1\n\n{line}\n", "labels/a.txt")

    assert str(caught.value).startswith("labels/a.txt:3: ")
    assert reason in str(caught.value)


def test_rounding_at_the_border_is_accepted() -> None:
    """A box that touches the border may stick out by the sixth decimal, as writers round."""
    assert len(LabelReader(NAMES).read("0 0.9500005 0.5 0.1 0.1", "a.txt")) == 1


def _size_wh() -> tuple[int, int]:
    return 100, 50


@pytest.mark.parametrize(
    ("line", "edges"),
    [
        pytest.param("0 1.0000001 0.5 0.2 0.2", None, id="the centre beyond the border"),
        pytest.param("0 0.955 0.5 0.1 0.1", (0.905, 1.0), id="by half a pixel"),
        pytest.param("0 0.045 0.5 0.1 0.1", (0.0, 0.095), id="by half a pixel on the left"),
        pytest.param("0 0.5 0.5 1.0001 0.1", (0.0, 1.0), id="wider than the image by a rounding"),
    ],
)
def test_a_pixel_beyond_the_border_is_cut_off_and_counted(line: str, edges: tuple[float, float] | None) -> None:
    """As in COCO JSON; a box that reaches out further is refused."""
    reader = LabelReader(NAMES)
    if edges is None:
        with pytest.raises(DataError, match="x_centre is 1, outside"):
            reader.read(line, "a.txt", _size_wh)
        return
    (box,) = reader.read(line, "a.txt", _size_wh)

    assert (box.x_centre - box.width / 2, box.x_centre + box.width / 2) == pytest.approx(edges)
    assert reader.changes == {CLIPPED: 1}


@pytest.mark.parametrize(
    ("line", "what", "change", "box"),
    [
        pytest.param("0 0.5 0.4 0.2 0.2 0.9", "confidence", CONFIDENCES, (0.5, 0.4, 0.2, 0.2), id="a prediction"),
        pytest.param("0 0.1 0.1 0.3 0.1 0.2 0.5", "a polygon of 3", POLYGONS, (0.2, 0.3, 0.2, 0.4), id="a triangle"),
        pytest.param(
            "1 0.2 0.1 0.3 0.2 0.2 0.3 0.1 0.2",
            "a polygon or a rotated box of 4 points",
            POLYGONS,
            (0.2, 0.2, 0.2, 0.2),
            id="a rotated box",
        ),
        pytest.param(
            "0 0.5 0.5 0.2 0.2 0.45 0.45 2 0.55 0.55 0",
            "a box with 2 key points",
            POSES,
            (0.5, 0.5, 0.2, 0.2),
            id="a pose",
        ),
    ],
)
def test_other_rows_are_named_and_become_boxes_by_choice(line: str, what: str, change: str, box: tuple) -> None:
    """The message says what the row is and how to go on; the choice is counted."""
    with pytest.raises(DataError, match=rf"a\.txt:1: \d+ columns, expected 5 .*{what}.*data\.rows=boxes"):
        LabelReader(NAMES).read(line, "a.txt")

    reader = LabelReader(NAMES, BOXES)
    (found,) = reader.read(line, "a.txt")
    assert (found.x_centre, found.y_centre, found.width, found.height) == pytest.approx(box)
    assert reader.changes == {change: 1}


def test_a_row_that_is_nothing_known_stays_refused() -> None:
    """Eight columns are neither a box nor a polygon."""
    with pytest.raises(DataError, match=r"8 columns, expected 5 .*neither a box"):
        LabelReader(NAMES, BOXES).read("0 0.1 0.1 0.2 0.2 0.3 0.3 0.4", "a.txt")
