import pytest

from src.core.errors import ConfigError
from src.thresholds.options import CRITERIA, ThresholdOptions


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"criterion": "f_bta"}, "Did you mean 'f_beta'", id="a misspelt criterion"),
        pytest.param({"beta": 0.0}, "threshold.beta=0.0", id="no beta"),
        pytest.param({"precision_floor": 1.1}, "threshold.precision_floor=1.1", id="a precision above one"),
        pytest.param({"recall_floor": float("nan")}, "threshold.recall_floor=nan", id="a recall that is no number"),
        pytest.param({"miss_cost": -1.0}, "threshold.miss_cost=-1.0", id="a negative cost"),
        pytest.param({"miss_cost": 0.0, "false_alarm_cost": 0.0}, "both 0", id="nothing costs anything"),
        pytest.param({"max_false_alarms": float("inf")}, "threshold.max_false_alarms=inf", id="no limit"),
        pytest.param({"iou_grid": []}, "threshold.iou_grid is empty", id="no NMS IoU"),
        pytest.param({"iou_grid": [0.5, 1.0]}, "1.0 is no IoU", id="an NMS IoU that drops nothing"),
        pytest.param({"iou_grid": [0.5, 0.5]}, "names an IoU twice", id="an NMS IoU twice"),
        pytest.param({"min_positives": 0}, "threshold.min_positives=0", id="classes without boxes"),
        pytest.param({"resamples": 0}, "threshold.resamples=0", id="no resamples"),
    ],
)
def test_values_that_cannot_work_are_refused(changed, message):
    with pytest.raises(ConfigError, match=message):
        ThresholdOptions(**changed)


@pytest.mark.parametrize("criterion", CRITERIA)
def test_each_criterion_says_its_number(criterion):
    options = ThresholdOptions(
        criterion=criterion,
        beta=2.5,
        precision_floor=0.25,
        recall_floor=0.25,
        miss_cost=2.5,
        max_false_alarms=2.5,
    )
    assert any(number in options.rule.text for number in ("2.5", "0.25"))
