"""The live display of a sweep: no number cut, and a time left that the sweep's start is no part of."""

import io
import threading
from datetime import timedelta

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState, create_trial
from optuna_search.results.progress import SweepProgress
from rich.console import Console

NAMES = {"lr0": 0.002244, "momentum": 0.93712, "weight_decay": 0.00051234}


@pytest.fixture
def study():
    """Two trials of ten seconds each have ended, two run."""
    study = optuna.create_study(study_name="a name that is long enough to be in the way of the numbers")
    space = {**{name: FloatDistribution(0, 1) for name in NAMES}, "optimizer": CategoricalDistribution(["AdamW"])}
    for value in (0.98765, 0.91234):
        trial = create_trial(value=value, params=NAMES | {"optimizer": "AdamW"}, distributions=space)
        trial.set_user_attr("task_seconds", 10.0)
        trial.datetime_start = trial.datetime_complete - timedelta(seconds=60)
        study.add_trial(trial)
    for _ in range(2):
        study.ask()
    return study


def last_frame(study, width, n_trials=10, interrupted=None):
    console = Console(file=io.StringIO(), width=width, height=50, force_terminal=True, color_system=None)
    with SweepProgress(study, n_trials, console, interrupted) as progress:
        progress._update()
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(progress._display.get_renderable())
    return console.file.getvalue()


@pytest.mark.parametrize("width", [48, 60, 80, 100, 140])
def test_no_number_is_cut_whatever_the_width(study, width):
    shown = last_frame(study, width)
    for number in ("2/10", "0:00:00", "2 running", "best value 0.9123", *(f"{k}={v:.4g}" for k, v in NAMES.items())):
        assert number in shown
    assert max(map(len, shown.splitlines())) <= width


def test_the_time_left_is_that_of_the_tasks_divided_among_those_that_run_at_once(study):
    assert "~0:40 left" in last_frame(study, 100)  # eight trials of ten seconds, two at a time


def test_nothing_is_left_once_the_total_is_reached(study):
    for trial in study.get_trials(states=(TrialState.RUNNING,)):
        study.tell(trial.number, 0.95)
    assert "left" not in last_frame(study, 100, n_trials=4)


def test_nothing_is_said_of_the_time_left_of_tasks_that_take_longer_than_those_before(study):
    """`~0:00 left` would be wrong for as long as they run."""
    for trial in study.get_trials(deepcopy=False, states=(TrialState.RUNNING,)):
        trial.datetime_start -= timedelta(seconds=30)
    shown = last_frame(study, 100, n_trials=4)
    assert "2 running · best" in shown
    assert "left" not in shown


def test_each_running_trial_has_a_line_with_its_steps_and_what_it_reported_last(study):
    """A trial whose task has reported nothing yet has its time alone."""
    first, second = study.get_trials(states=(TrialState.RUNNING,))
    trial = optuna.Trial(study, study._storage.get_trial_id_from_study_id_trial_number(study._study_id, first.number))
    trial.suggest_float("lr0", 0.25, 0.25)
    trial.set_user_attr("steps", 8)
    trial.report(0.4, 1)
    trial.report(0.5, 3)
    shown = last_frame(study, 100)
    assert f"  trial {first.number} · step 3 of 8 · value 0.5 · 0:00 · lr0=0.25" in shown
    assert f"  trial {second.number} · 0:00" in shown


def test_where_very_many_run_the_rest_are_counted(study):
    for _ in range(20):
        study.ask()
    shown = last_frame(study, 80)
    assert shown.count("  trial ") == 8
    assert "… and 14 more" in shown


def test_a_task_that_has_no_value_before_its_end_still_shows_how_far_it_is(study):
    running = next(trial for trial in study.get_trials() if trial.state == TrialState.RUNNING)
    study._storage.set_trial_user_attr(running._trial_id, "steps", 8)
    study._storage.set_trial_user_attr(running._trial_id, "step", 3)
    assert f"trial {running.number} · step 3 of 8 · 0:0" in last_frame(study, 100)


def test_an_interrupted_sweep_says_what_it_waits_for(study):
    interrupted = threading.Event()
    interrupted.set()
    frame = last_frame(study, 140, interrupted=interrupted)
    assert "2 running · interrupted: waiting for their end" in frame
    assert "left" not in frame
