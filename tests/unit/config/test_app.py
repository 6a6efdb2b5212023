"""The frame of an entry point: helpful key names, errors without tracebacks, a quiet end on Ctrl-C."""

import pytest
from hydra.errors import CompactHydraException

from src.config.app import INTERRUPTED, check_keys, readable_errors
from src.core.errors import ConfigError, DataError


def test_an_unknown_training_argument_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"'train\.lr' is not a setting.*Did you mean 'lr0' or 'lrf'"):
        check_keys(["train.lr=0.1"])


@pytest.mark.parametrize(
    "argument",
    [
        pytest.param("train.lr0=0.1", id="a known key"),
        pytest.param("train.lr0=tag(log,interval(1e-4,1e-2))", id="a known key that is searched"),
        pytest.param("hydra.sweeper.n_trials=3", id="Hydra's own"),
        pytest.param("train=default", id="a group"),
        pytest.param("--cfg", id="an option"),
        pytest.param("]not an override[", id="what Hydra will refuse itself"),
    ],
)
def test_other_arguments_are_left_to_hydra(argument):
    check_keys([argument])


@pytest.mark.parametrize("option", [["-cn", "params"], ["--config-name=params"]])
def test_a_frozen_configuration_is_not_mixed_with_another_choice(option):
    with pytest.raises(ConfigError, match="would mix the two"):
        check_keys(["-cd", ".", *option, "decide=production"])

    check_keys(["-cd", ".", *option, "decide.backend=onnx", "tracking=none"])


def test_an_error_of_ours_is_one_that_hydra_prints_without_a_traceback():
    with pytest.raises(CompactHydraException, match=r"^DataError: no such image$") as caught, readable_errors():
        raise DataError("no such image")
    assert isinstance(caught.value.__cause__, DataError)


def test_an_error_of_somebody_else_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), readable_errors():
        _ = 1 / 0


def test_ctrl_c_ends_with_the_status_that_shells_expect(capsys):
    with pytest.raises(SystemExit) as caught, readable_errors():
        raise KeyboardInterrupt
    assert caught.value.code == INTERRUPTED
    assert "Interrupted" in capsys.readouterr().err
