import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.detector import arguments


def test_reads_types_and_defaults_from_ultralytics_comments():
    """The comment after a default says what the value may be."""
    parsed = arguments.parse("lr0: 0.01 # (float) initial rate\nfreeze: # (int | list, optional) layers\n")
    assert parsed["lr0"] == arguments.Argument("lr0", 0.01, (float, int), "initial rate")
    assert parsed["freeze"].default is None
    assert parsed["freeze"].types == (int, list, type(None))


def test_an_unknown_type_is_refused_with_the_argument_named():
    """A future Ultralytics with a new type must not go unchecked."""
    with pytest.raises(ConfigError, match="lr0 has the type 'flot'"):
        arguments.parse("lr0: 0.01 # (flot) initial rate\n")


def test_every_hyperparameter_is_reachable_and_nothing_else():
    """Training arguments are there, those of prediction, export and other tasks are not."""
    known = arguments.training_arguments()
    assert {"lr0", "epochs", "imgsz", "optimizer", "mosaic", "freeze", "cos_lr", "distill_model"} <= set(known)
    assert not {"data", "model", "project", "source", "format", "dropout", "kobj", "show"} & set(known)


def test_reading_them_is_cheap():
    """The command line's help and key check must not wait for an import of Ultralytics."""
    arguments._all_arguments.cache_clear()
    arguments.training_arguments.cache_clear()
    started = time.process_time()
    arguments.training_arguments()
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize(
    ("name", "annotation"),
    [
        pytest.param("epochs", int, id="int"),
        pytest.param("lr0", float, id="float that may be written as an int"),
        pytest.param("time", float | None, id="optional"),
        pytest.param("imgsz", int, id="one size, though Ultralytics' prediction takes a list"),
        pytest.param("rect", bool, id="bool"),
    ],
)
def test_types_become_what_structured_configs_understand(name, annotation):
    """Hydra itself refuses wrong types."""
    assert arguments.training_arguments()[name].annotation == annotation


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        pytest.param("cache", 3, "expected bool or str", id="int for bool or str"),
        pytest.param("batch", True, "expected int or float", id="a bool is no int"),
        pytest.param("freeze", "x", "expected int or list or null", id="str for int or list"),
    ],
)
def test_values_of_union_types_are_checked_here(name, value, expected):
    """OmegaConf knows no unions, so that it lets everything through."""
    with pytest.raises(ConfigError, match=rf"train\.{name}={value} .*{expected}"):
        arguments.training_arguments()[name].check(value)


@given(st.sampled_from(sorted(arguments.training_arguments())))
def test_every_default_passes_its_own_check(name):
    """Ultralytics' defaults are valid values."""
    argument = arguments.training_arguments()[name]
    argument.check(argument.default)


def test_arguments_that_are_set_elsewhere_say_where():
    """Asking for `train.data` is answered, not only refused."""
    assert arguments.why_not("data") == "say `data=…`"
    assert "prediction" in arguments.why_not("show_labels")
    assert arguments.why_not("lrO") == ""
