import pytest

from src.config import frozen
from src.config.sections import section
from src.core.errors import ConfigError
from src.detector.options import TrainOptions


def direction(*overrides):
    return frozen.composed(overrides).hydra.sweeper.direction


def test_a_search_knows_in_which_direction_its_objective_is_better():
    assert direction() == "maximize"
    assert direction("train.objective=latency_ms") == "minimize"
    assert direction("train.objective=[deployed/F1,model/gflops]") == ["maximize", "minimize"]


def test_what_is_said_wins():
    assert direction("train.objective=my.module.f", "hydra.sweeper.direction=minimize") == "minimize"


def test_constraints_can_be_given_on_the_command_line():
    given = frozen.composed(['train.constraints={latency_ms:"<= 30",deployed/recall:">= 0.5"}'])
    assert given.train.constraints == {"latency_ms": "<= 30", "deployed/recall": ">= 0.5"}


def test_an_objective_that_there_is_not_is_refused_by_its_section_and_not_by_a_traceback():
    cfg = frozen.composed(["train.objective=deployed/map"])
    assert cfg.hydra.sweeper.direction == "maximize"
    with pytest.raises(ConfigError, match=r"train\.objective=deployed/map is no metric"):
        section(cfg, "train", TrainOptions)
