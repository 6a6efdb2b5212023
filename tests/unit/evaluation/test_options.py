from pathlib import Path

import pytest
import yaml

from src.core.errors import ConfigError
from src.evaluation.corruptions import CORRUPTIONS, corrupt, image_seed
from src.evaluation.options import EvaluateOptions

DEFAULTS = yaml.safe_load((Path(__file__).parents[3] / "conf" / "evaluate" / "default.yaml").read_text())


def test_the_configuration_repeats_the_defaults():
    """So that whoever reads conf/ sees what the stage does when called from Python."""
    assert {name: value for name, value in DEFAULTS.items() if name != "defaults"} == vars(EvaluateOptions())


def test_all_corruptions_are_the_default():
    assert EvaluateOptions().corruptions == list(CORRUPTIONS)
    assert EvaluateOptions(corruptions=[]).corruptions == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"corruptions": ["fogg"]}, "'fogg' is no corruption. Did you mean 'fog'", id="misspelt"),
        pytest.param({"corruptions": ["fog", "fog"]}, "names fog twice", id="twice"),
        pytest.param({"training": " "}, "both empty", id="nothing to evaluate"),
        pytest.param({"resamples": 0}, "resamples=0: expected 1 or more", id="no resamples"),
        pytest.param({"latency_runs": 0}, "latency_runs=0: expected 1", id="nothing to time"),
        pytest.param({"latency_warmup": -1}, "latency_warmup=-1: expected 0", id="negative warm-up"),
        pytest.param({"seed": -1}, "seed=-1: expected 0", id="negative seed"),
        pytest.param({"folds": 1}, "folds=1: expected 2 or more folds, or 0", id="one fold"),
        pytest.param({"folds": -2}, "folds=-2", id="negative folds"),
    ],
)
def test_values_that_cannot_work_are_refused(change, message):
    with pytest.raises(ConfigError, match=message):
        EvaluateOptions(**change)


def test_weights_need_no_training():
    assert EvaluateOptions(training="", weights="yolov8n.pt").weights == "yolov8n.pt"


def test_every_image_has_its_own_seed_under_every_corruption_wherever_it_lies():
    assert image_seed("fog", "images/test/a.jpg", 0) == image_seed("fog", "elsewhere/a.jpg", 0)
    seeds = {image_seed(name, file, seed) for name in CORRUPTIONS for file in ("a.jpg", "b.jpg") for seed in (0, 1)}
    assert len(seeds) == 4 * len(CORRUPTIONS)


def test_an_unknown_corruption_is_refused_with_the_choices():
    with pytest.raises(ConfigError, match=r"no corruption 'nihgt'. Did you mean 'night'\? There are: night, rain"):
        corrupt(None, None, "nihgt", 0)
