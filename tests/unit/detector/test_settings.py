import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import TrainingError
from src.detector.arguments import defaults
from src.detector.resolved import CompletedTraining, Schedule, flags_when_done, flags_when_ready, refuse_dead
from src.detector.settings import dead_parameters, flags_before

ALIVE = {**defaults(), "optimizer": "SGD", "epochs": 100}
SCHEDULE = Schedule(batches=10, warmup_batches=10, accumulate=4, class_count=2)


@pytest.mark.parametrize(
    ("searched", "settings", "because"),
    [
        pytest.param("lr0", {"optimizer": "auto"}, "discards it", id="lr0 under auto"),
        pytest.param("momentum", {"optimizer": "AUTO"}, "discards it", id="momentum under auto"),
        pytest.param("warmup_bias_lr", {"optimizer": "auto"}, "discards it", id="warm-up of biases under auto"),
        pytest.param("warmup_momentum", {"optimizer": "AdamW"}, "no momentum", id="warm-up of a momentum that is none"),
        pytest.param("mosaic", {"close_mosaic": 10, "epochs": 10}, "close_mosaic", id="mosaic closed from the start"),
        pytest.param("mixup", {"close_mosaic": 10, "epochs": 3}, "close_mosaic", id="mixup closed with it"),
        pytest.param("mosaic", {"rect": True}, "rect", id="mosaic under rect"),
        pytest.param("close_mosaic", {"mosaic": 0.0}, "no mosaic", id="closing what was never open"),
        pytest.param("copy_paste", {}, "boxes only", id="copy-paste without segments"),
        pytest.param("epochs", {"time": 1.0}, "overwrites", id="epochs under time"),
        pytest.param("patience", {"patience": 100}, "never stops early", id="patience longer than the training"),
        pytest.param("warmup_epochs", {"epochs": 1}, "no warm-up", id="warm-up of one epoch"),
        pytest.param("lrf", {"epochs": 1}, "only one", id="decay over one epoch"),
        pytest.param("dis", {}, "no teacher", id="distillation without teacher"),
        pytest.param("amp", {"device": "cpu"}, "CUDA", id="mixed precision on a CPU"),
        pytest.param("cls_pw", {"single_cls": True}, "one class", id="class weights of one class"),
    ],
)
def test_a_searched_parameter_without_effect_is_named_with_reason_and_remedy(searched, settings, because):
    """Every case in which Ultralytics ignores an argument."""
    (message,) = dead_parameters({**ALIVE, **settings}, {searched})
    assert f"train.{searched}" in message
    assert because in message
    assert "Set " in message


@given(st.sets(st.sampled_from(["lr0", "momentum", "mosaic", "epochs", "imgsz", "seed", "lrf", "weight_decay", "box"])))
def test_ordinary_searches_are_alive(searched):
    """Nothing is refused that works."""
    assert dead_parameters(ALIVE, searched) == []


def test_what_is_not_searched_is_not_refused():
    """A dead parameter that nobody varies misleads nobody."""
    assert dead_parameters({**ALIVE, "optimizer": "auto"}, set()) == []


def test_a_dead_search_is_an_error_of_one_sentence_each():
    """Before anything is loaded."""
    with pytest.raises(TrainingError, match=r"train\.lr0.*train\.optimizer=SGD.*train\.copy_paste"):
        refuse_dead({**ALIVE, "optimizer": "auto"}, ["lr0", "copy_paste"])


def test_the_check_and_the_stage_are_imported_without_torch():
    """The sweeper makes the check before it starts anything, and the command line's help must not wait."""
    heavy = "import sys, src.detector.settings, src.train; print({'torch', 'ultralytics', 'mlflow'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", heavy], check=True, capture_output=True, text=True)
    assert done.stdout == "set()\n"


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        pytest.param({"optimizer": "auto"}, "optimizer_auto", id="auto"),
        pytest.param({"close_mosaic": 100}, "mosaic_off", id="mosaic never on"),
        pytest.param({"copy_paste": 0.5}, "copy_paste_dead", id="copy-paste"),
        pytest.param({"fraction": 0.5}, "fraction_first", id="fraction"),
        pytest.param({"time": 0.1}, "epochs_by_time", id="time"),
        pytest.param({"cache": "ram"}, "cache_ram", id="cache"),
        pytest.param({"deterministic": False}, "not_deterministic", id="non-determinism"),
    ],
)
def test_what_a_reader_has_to_know_beforehand_is_flagged(settings, name):
    """One flag for one cause."""
    assert [flag.name for flag in flags_before({**ALIVE, **settings})] == [name]


@pytest.mark.parametrize(
    ("requested", "resolved", "name"),
    [
        pytest.param({"imgsz": 70}, {"imgsz": 96}, "imgsz_rounded", id="stride"),
        pytest.param({"batch": -1}, {"batch": 16}, "batch_changed", id="auto batch"),
        pytest.param({"nbs": 64, "batch": 24}, {}, "weight_decay_scaled", id="weight decay"),
        pytest.param({"lrf": 0.5}, {"lrf": 0.1}, "lrf_changed", id="anything else"),
    ],
)
def test_what_ultralytics_changed_is_flagged(requested, resolved, name):
    """Requested and resolved values are compared."""
    asked = {**ALIVE, **requested}
    flags = flags_when_ready(asked, {**asked, **resolved}, SCHEDULE, [])
    assert [flag.name for flag in flags] == [name]


def test_nothing_is_flagged_when_nothing_happened():
    """Flags are rare enough to be read."""
    assert flags_when_ready(ALIVE, ALIVE, SCHEDULE, ["lr0"]) == []
    assert flags_when_done(ALIVE, ALIVE, CompletedTraining(100, 100, 250, stopped_early=False)) == []
    assert flags_when_done(ALIVE, ALIVE, CompletedTraining(100, 100, 250, stopped_early=False, skipped_steps=5)) == []


def test_a_training_that_is_mostly_warm_up_is_flagged():
    """Three epochs with two of warm-up measure the warm-up."""
    resolved = {**ALIVE, "epochs": 3, "close_mosaic": 0}
    schedule = Schedule(batches=3, warmup_batches=6, accumulate=4, class_count=1)
    assert [flag.name for flag in flags_when_ready(resolved, resolved, schedule, [])] == ["mostly_warmup"]


def test_class_weights_of_one_class_are_dead_once_the_data_is_known():
    """Only the data says how many classes there are."""
    with pytest.raises(TrainingError, match="one class"):
        flags_when_ready(ALIVE, ALIVE, Schedule(10, 10, 4, class_count=1), ["cls_pw"])


def test_a_learning_rate_that_was_replaced_after_all_is_an_error_when_searched():
    """Also where no rule foresaw it."""
    with pytest.raises(TrainingError, match=r"train\.lr0=0\.5 was replaced by 0\.000119"):
        flags_when_ready({**ALIVE, "lr0": 0.5}, {**ALIVE, "lr0": 0.000119}, SCHEDULE, ["lr0"])


@pytest.mark.parametrize(
    ("outcome", "batch", "name"),
    [
        pytest.param(CompletedTraining(3, 3, 3, False), 16, "few_steps", id="fewer than ten steps"),
        pytest.param(CompletedTraining(50, 50, 25, False), 16, "few_steps", id="fewer than one an epoch"),
        pytest.param(CompletedTraining(50, 50, 80, False, 10), 16, "skipped_steps", id="gradients overflowed"),
        pytest.param(CompletedTraining(20, 50, 200, True), 16, "stopped_early", id="patience ran out"),
        pytest.param(CompletedTraining(50, 50, 500, False), 8, "batch_changed", id="memory was too small"),
    ],
)
def test_the_course_of_a_training_is_flagged(outcome, batch, name):
    """What only shows while training."""
    flags = flags_when_done({**ALIVE, "batch": 16}, {**ALIVE, "batch": batch}, outcome)
    assert [flag.name for flag in flags] == [name]
