import pytest

from src.render.study import Plot
from src.study.analysis import analyse
from src.study.pages.sentences import numbers
from src.study.pages.study_page import page


@pytest.mark.parametrize(
    ("at_160", "at_224", "expected"),
    [(0.0, 0.0, ["starting weights"]), (0.25, 0.5, ["starting weights at imgsz 160", "starting weights at imgsz 224"])],
)
def test_starting_weights_that_coincide_have_one_line(made, at_160, at_224, expected):
    for size, untrained in ((160, at_160), (224, at_224)):
        made.trial(0.75, params={"train.lr0": 1e-3, "train.imgsz": size}, untrained=untrained)
    parts = [part for section in page(analyse(made.view)).sections for part in section.parts]
    (history,) = (part for part in parts if isinstance(part, Plot) and part.title == "Optimization history")
    assert [annotation.text for annotation in history.figure.layout.annotations] == expected


def test_long_rows_of_numbers_are_cut():
    assert numbers(range(3)) == "0, 1, 2"
    assert numbers(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, … (10 in all)"
