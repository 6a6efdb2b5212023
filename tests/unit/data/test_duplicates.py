from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from src.data.duplicates import without_duplicates
from src.data.labels import Box

CAT = Box(0, 0.5, 0.5, 0.2, 0.2)


def test_an_object_labelled_twice_is_one_object() -> None:
    """To the letter, or but for the rounding to three decimals."""
    nearly = replace(CAT, x_centre=0.501, height=0.201)

    assert without_duplicates([CAT, CAT, nearly]) == (CAT,)


def test_objects_that_overlap_much_stay_two() -> None:
    """Nine tenths of its width in common is a crowd, no mistake; another class is another object."""
    beside, dog = replace(CAT, x_centre=0.52), replace(CAT, class_id=1)

    assert without_duplicates([CAT, beside, dog]) == (CAT, beside, dog)


def test_small_objects_side_by_side_stay_two() -> None:
    """Of three pixels in an image of 4,000: they are nearer to each other than rounding moves an edge."""
    one = Box(0, 0.5, 0.5, 0.0008, 0.0008)
    beside = replace(one, x_centre=0.5009)

    assert without_duplicates([one, beside, one]) == (one, beside)


boxes = st.builds(
    Box, st.integers(0, 2), *(st.floats(0.3, 0.7) for _ in range(2)), *(st.floats(0.01, 0.5) for _ in range(2))
)


@given(st.lists(boxes, max_size=8))
def test_each_line_twice_gives_the_same_boxes_as_once(originals: list[Box]) -> None:
    """The rule forgets what is doubled, and applied again it changes nothing."""
    once = without_duplicates(originals)

    assert without_duplicates([box for box in originals for _ in range(2)]) == once
    assert without_duplicates(once) == once


@given(boxes.filter(lambda box: box.width > 0.002), st.sampled_from([3, 4, 6]))
def test_rounding_makes_no_second_object(box: Box, decimals: int) -> None:
    """However small the box, of which a rounded number takes more than a twentieth."""
    numbers = (round(number, decimals) for number in (box.x_centre, box.y_centre, box.width, box.height))

    assert without_duplicates([box, Box(box.class_id, *numbers)]) == (box,)
