"""Arguments that are no overrides are answered with what was probably meant."""

import contextlib
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.config.keys import full_name
from src.config.malformed import refuse_malformed
from src.core.errors import ConfigError


@pytest.mark.parametrize(
    ("command", "meant"),
    [
        ("train.lr0 0.01", "train.lr0=0.01"),
        ("train.lr0 -0.01", "train.lr0=-0.01"),
        ("train.lr0 = 0.01", "train.lr0=0.01"),
        ("train.lr0= 0.01", "train.lr0=0.01"),
        ("train.lr0 =0.01", "train.lr0=0.01"),
        ("'train.lr0 = 0.01'", "train.lr0=0.01"),
        ("train.lr0==0.1", "train.lr0=0.1"),
        ("train.lr0:0.1", "train.lr0=0.1"),
        ("--lr0 0.01", "train.lr0=0.01"),
        ("--train.lr0=0.01", "train.lr0=0.01"),
        ("-train.lr0=0.01", "train.lr0=0.01"),
        ("lr0 0.01 model=yolov8n", "train.lr0=0.01"),
        ("train.classes=[0, 1]", "train.classes=[0, 1]"),
        ("'data.path=/data (1)/x'", 'data.path="/data (1)/x"'),
        ("-m train.lr0 0.1,0.2", "train.lr0=0.1,0.2"),
        ("-cn params train.lr0 0.1", "train.lr0=0.1"),
    ],
)
def test_the_override_that_was_meant_is_shown(command, meant):
    with pytest.raises(ConfigError) as error:
        refuse_malformed(shlex.split(command), full_name)
    assert f"Did you mean {shlex.quote(meant)}?" in str(error.value)


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("'train.lr0=interval(0,1'", "A '(' of it is not closed."),
        ("'train.lr0=0,1)'", "A ')' of it was not opened."),
        ("'train.lr0=[1,2'", "A '[' of it is not closed."),
        ("train.lr0", "Expected KEY=VALUE"),
        ("''", "Expected KEY=VALUE"),
        ("]not an override[", "Expected KEY=VALUE"),
        ("--nope", "'--nope' is no option"),
    ],
)
def test_what_cannot_be_guessed_says_what_is_expected(command, why):
    with pytest.raises(ConfigError) as error:
        refuse_malformed(shlex.split(command), full_name)
    assert why in str(error.value)


@pytest.mark.parametrize(
    "command",
    [
        "train.lr0=0.1 -m 'train.lr0=tag(log,interval(1e-4,1e-2))' ~train.lr0 +a.b=1 data.path= model=yolov8n",
        "--cfg job --package train -cd . -cn params --multirun --config-name=params --info searchpath --multi",
        "hydra.sweeper.n_trials=3 'data.path=my folder/x' '+x={a: [1, {b: c}]}' hydra/launcher=joblib db@backup=pg",
    ],
)
def test_overrides_and_options_pass(command):
    refuse_malformed(shlex.split(command), full_name)


WORDS = st.text(max_size=20) | st.sampled_from(["train.lr0", "=", "--x", "-m", "[1,", "2]", "a=b", "0.1"])


@given(st.lists(WORDS, max_size=4))
def test_any_command_line_passes_or_is_refused_with_a_sentence(arguments):
    with contextlib.suppress(ConfigError):
        refuse_malformed(arguments, str.strip)
