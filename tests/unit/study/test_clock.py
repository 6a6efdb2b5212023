from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.trial import create_trial

from src.study.clock import Clock, duration
from src.study.trials import ReportedTrial
from src.study.unified_space import short_names
from tests.unit.study.studies import START


def ran(began, ended):
    trial = create_trial(value=0.0)
    trial.datetime_start, trial.datetime_complete = (START + timedelta(seconds=seconds) for seconds in (began, ended))
    return ReportedTrial(trial, "value")


def test_a_night_between_two_sweeps_does_not_count():
    clock = Clock([ran(0, 60), ran(30, 90), ran(40_000, 40_010)])
    assert clock.seconds == 100
    assert clock.at(START + timedelta(seconds=60)) == 60
    assert clock.at(START + timedelta(seconds=20_000)) == 90
    assert clock.at(START + timedelta(seconds=40_010)) == 100


@given(st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e4)), max_size=8))
def test_the_clock_never_runs_faster_than_time_or_than_the_trials(spans):
    clock = Clock([ran(began, began + length) for began, length in spans])
    assert clock.seconds <= sum(length for _, length in spans) + 1e-3
    assert clock.seconds >= max((length for _, length in spans), default=0) - 1e-3


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (9.94, "9.9 s"), (42.4, "42 s"), (120, "2 min"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
    ids=str,
)
def test_durations_are_said_as_people_do(seconds, text):
    assert duration(seconds) == text


def test_names_are_short_where_that_is_unique():
    assert short_names(["train.lr0", "train.seed", "data.seed"]) == {
        "train.lr0": "lr0",
        "train.seed": "train.seed",
        "data.seed": "data.seed",
    }


@given(st.lists(st.text("ab.", min_size=1), unique=True))
def test_short_names_stay_different(keys):
    assert len(set(short_names(keys).values())) == len(keys)
