"""What the choice of a threshold says at its end."""

from dataclasses import replace

import pytest

from src.core.interval import Interval
from src.documents.splits import BySplit
from src.documents.threshold import Calibration, ClassThreshold, NearestPoint
from src.render.printed.threshold import metrics_table, remarks
from src.thresholds.curve import Rates
from tests.support import documents

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def changed(**parts):
    """The document with another choice, or other parts."""
    threshold = documents.threshold()
    chosen = {name: parts.pop(name) for name in list(parts) if hasattr(threshold.chosen, name)}
    return replace(threshold, chosen=replace(threshold.chosen, **chosen), **parts)


@pytest.mark.parametrize(
    ("threshold", "said"),
    [
        pytest.param(changed(), "Threshold 0.31 [0.24, 0.39], NMS IoU 0.6 (as in 90% of the resamples).", id="choice"),
        pytest.param(changed(), "model.predict(conf=0.31, iou=0.6): kept is what scores higher.", id="deployment"),
        pytest.param(
            changed(score_interval=Interval(0.31, 0.2, 0.4)),
            "With 400 images in val the threshold is known no better",
            id="wide",
        ),
        pytest.param(
            changed(feasible_share=0.9), "In 10.0% of the resamples no threshold keeps the constraint", id="infeasible"
        ),
        pytest.param(
            changed(per_class={"dog": ClassThreshold(0.2, own=True, reason="chosen from 40 boxes")}),
            "model.predict(conf=0.2, iou=0.6) and drop what does not score higher than the threshold of its class.",
            id="a threshold for each class",
        ),
        pytest.param(changed(), "Tuned against default on test: F1 +0.030 [+0.010, +0.050], better.", id="better"),
        pytest.param(changed(test=None), "There is no test split", id="no test split"),
        pytest.param(changed(), "error of the detections kept: 0.040 on val, 0.050 on test.", id="calibration"),
    ],
)
def test_what_is_known_is_said(threshold, said):
    assert any(said in line for line in remarks(threshold))


def test_a_model_that_is_best_used_for_nothing_is_called_so():
    val = documents.threshold().val
    silent = replace(val, tuned=replace(val.tuned, precision=UNKNOWN))
    assert any("cheapest to keep nothing" in line for line in remarks(changed(val=silent)))


def test_a_constraint_that_breaks_on_test_is_said_with_what_the_point_does_there():
    lines = remarks(documents.threshold(), Rates(0.5, 0.25, 1.5))
    wanted = "On test the constraint does NOT hold: precision 0.500, recall 0.250, 1.5 false alarms per image."
    assert wanted in lines


def test_without_a_choice_the_reason_and_the_nearest_point_are_said():
    nothing = replace(documents.threshold(), chosen=None, val=None, reason="None satisfies it.")
    assert remarks(nothing)[0] == "NO THRESHOLD WAS CHOSEN. None satisfies it."
    near = replace(nothing, nearest=NearestPoint(0.3, 0.7, 0.5, 0.4, 0.44, 2.0))
    assert "threshold 0.3 at NMS IoU 0.7 with precision 0.500, recall 0.400, 2 false alarms" in remarks(near)[1]


def test_without_detections_there_is_no_calibration_error():
    silent = changed(calibration=BySplit(val=Calibration(None, None)))
    assert not any("calibration" in line for line in remarks(silent))


def test_the_table_has_a_row_for_each_point():
    table = metrics_table(documents.threshold())
    rows = {row.cells[0]: table.texts(row)[1:] for row in table.rows}
    assert list(rows) == [
        "val, held out",
        "test, tuned",
        "test, default 0.25",
        "test, tuned - default",
        "test, Ultralytics",
    ]
    assert rows["test, tuned - default"][0] == "+0.070 [+0.050, +0.090]"
    assert rows["test, Ultralytics"] == ("0.790", "0.740", "")
    nothing = metrics_table(replace(documents.threshold(), chosen=None, val=None))
    assert nothing.texts(nothing.rows[0]) == ("val, held out", "none", "none", "none")
