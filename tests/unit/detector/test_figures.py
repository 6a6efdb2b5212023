import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.detector.figures import (
    EPOCH_METRICS,
    EXAMPLES,
    AtBestF1,
    AtFloor,
    AveragePrecisionOf,
    LatencyOf,
    OfTraining,
    OwnFunction,
    constraint,
    figure,
)
from src.detector.options import TrainOptions
from src.documents.latency import Backend


@pytest.mark.parametrize(
    ("name", "what", "maximize"),
    [
        ("val/mAP50-95", OfTraining(), True),
        ("train/seconds", OfTraining(), False),
        ("model/weights_mb", OfTraining(), False),
        ("deployed/mAP50-95", AveragePrecisionOf("mAP50-95"), True),
        ("deployed/mAP50/traffic light", AveragePrecisionOf("mAP50", "traffic light"), True),
        ("deployed/mAP50/a/b", AveragePrecisionOf("mAP50", "a/b"), True),
        ("deployed/mAP50-95/small_boxes", AveragePrecisionOf("mAP50-95", size="small"), True),
        ("deployed/F1", AtBestF1("F1"), True),
        ("deployed/precision", AtBestF1("precision"), True),
        ("deployed/recall_at_precision_0.9", AtFloor("recall", 0.9), True),
        ("deployed/precision_at_recall_.75", AtFloor("precision", 0.75), True),
        ("latency_ms", LatencyOf(Backend.PYTORCH), False),
        ("onnx_latency_ms", LatencyOf(Backend.ONNX), False),
        ("my.module.f", OwnFunction(), True),
    ],
)
def test_a_name_stands_for_a_figure_and_the_direction_in_which_it_is_better(name, what, maximize):
    found = figure(name)
    assert (found.name, found.what, found.maximize) == (name, what, maximize)


@pytest.mark.parametrize("name", [*EXAMPLES, *EPOCH_METRICS])
def test_every_name_that_a_message_offers_can_be_used(name):
    assert figure(name).name == name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("deployed/map50", "Did you mean 'deployed/mAP50'"),
        ("latency", "Did you mean 'latency_ms'"),
        ("deployed/recall_at_precision_90", "no metric"),
        ("deployed/recall_at_precision_1.5", "no metric"),
        ("deployed/mAP50/", "no metric"),
        ("speed", "a function of your own"),
        ("my.", "no metric"),
        ("", "no metric"),
    ],
)
def test_other_names_are_refused_with_those_that_there_are(name, said):
    with pytest.raises(ConfigError, match=r"train\.objective=") as error:
        figure(name)
    assert said in str(error.value)
    assert "deployed/mAP50-95" in str(error.value)


@given(st.text(max_size=40))
def test_any_text_is_a_figure_of_that_name_or_is_refused(name):
    try:
        found = figure(name)
    except ConfigError:
        return
    assert found.name == name


@pytest.mark.parametrize(
    ("text", "value", "excess"), [("<= 30", 31.5, 1.5), ("<=30", 20, -10), (">= 0.5", 0.25, 0.25), (">=5e-1", 0.5, 0)]
)
def test_a_constraint_says_by_how_much_a_value_breaks_it(text, value, excess):
    assert constraint("latency_ms", text).excess(value) == excess


@pytest.mark.parametrize("text", ["30", "< 30", "<= many", "<= nan", ">= inf", "", None, 30, "<= 3 4"])
def test_what_is_no_limit_is_refused_with_how_to_write_one(text):
    with pytest.raises(ConfigError, match=r"train\.constraints\.latency_ms is .* write a limit as '<= 30'"):
        constraint("latency_ms", text)


def test_a_constraint_on_something_unknown_names_the_setting():
    with pytest.raises(ConfigError, match=r"train\.constraints=speed is no metric"):
        TrainOptions(constraints={"speed": "<= 3"})


def test_objectives_and_constraints_are_asked_for_once_each():
    options = TrainOptions(objective=["latency_ms", "val/mAP50"], constraints={"latency_ms": "<= 9"})
    assert [each.name for each in options.judged_by] == ["latency_ms", "val/mAP50"]
    assert [str(limit) for limit in options.limits] == ["latency_ms <= 9"]
