import pytest

from src.render.study import Plot
from src.stages.report.page import page
from src.study.analysis import analyse


@pytest.mark.parametrize(
    ("at_160", "at_224", "expected"),
    [(0.0, 0.0, ["untrained"]), (0.25, 0.5, ["untrained at imgsz 160", "untrained at imgsz 224"])],
)
def test_untrained_weights_that_coincide_have_one_line(made, at_160, at_224, expected):
    for size, untrained in ((160, at_160), (224, at_224)):
        made.trial(0.75, params={"train.lr0": 1e-3, "train.imgsz": size}, untrained=untrained)
    parts = [part for section in page(analyse(made.study)).sections for part in section.parts]
    (history,) = (part for part in parts if isinstance(part, Plot) and part.title == "Optimization history")
    assert [annotation.text for annotation in history.figure.layout.annotations] == expected
