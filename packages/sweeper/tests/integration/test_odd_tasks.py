"""Tasks that return or do what no one expects: each is a value or a failed trial, and the sweep goes on."""

import multiprocessing

import pytest
from optuna.trial import TrialState
from support.toy import Toy

pytestmark = pytest.mark.integration

APP = """
import _thread, asyncio, decimal, sys, time
import hydra
from hydra.core.config_store import ConfigStore
from optuna_search import current_trial

class Odd:
    def __reduce__(self):
        raise RuntimeError("not to be pickled")

class Mute(Exception):
    def __str__(self):
        raise ValueError("says nothing")

ConfigStore.instance().store("config", {"kind": "number"})

@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    current_trial().set_user_attr("kept", decimal.Decimal("0.5"))
    if cfg.kind == "unpicklable":
        return Odd()
    if cfg.kind == "large":
        return 10**400
    if cfg.kind == "attribute":
        current_trial().set_user_attr("odd", Odd())
    if cfg.kind == "interrupt":
        _thread.interrupt_main()
        time.sleep(5)
    if cfg.kind == "cancelled":
        raise asyncio.CancelledError("by hand")
    if cfg.kind == "mute":
        raise Mute
    if cfg.kind == "exit":
        sys.exit(130)
    return decimal.Decimal("1.5")

if __name__ == "__main__":
    main()
"""

REASONS = {
    "number": None,
    "unpicklable": "a Odd cannot be kept",
    "large": "too large",
    "attribute": "a Odd cannot be kept",
    "interrupt": "KeyboardInterrupt: raised by the task itself",
    "cancelled": "CancelledError: by hand",
    "mute": "Mute: (it cannot be shown: ValueError)",
    "exit": "KeyboardInterrupt: raised by the task itself",
}


class OddToy(Toy):
    """An app of one file in the toy's folder."""

    def command(self, *overrides: str) -> list[str]:
        python, *options, _, multirun = super().command()
        return [python, *options, "app.py", multirun, *overrides]


def test_each_ends_as_a_value_or_a_failure_with_its_reason(tmp_path):
    """None is tried again without end, and none ends the sweep."""
    (tmp_path / "app.py").write_text(APP)
    toy = OddToy(tmp_path)

    toy.sweep(
        *("hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", f"kind={','.join(REASONS)}"),
        *("hydra.sweeper.max_failure_rate=1.0", "hydra.sweeper.study_name=toy"),
        *("hydra.sweep.dir=multirun/toy", "hydra.sweeper.enqueue=[]"),
    )

    trials = {trial.params["kind"]: trial for trial in toy.study().trials}
    assert len(toy.study().trials) == len(REASONS) == len(trials)
    for kind, reason in REASONS.items():
        assert trials[kind].user_attrs["kept"] == 0.5
        if reason is None:
            assert trials[kind].value == 1.5
        else:
            assert trials[kind].state == TrialState.FAIL
            assert reason in trials[kind].user_attrs["fail_reason"]


STARTER = """
import multiprocessing
import hydra
from hydra.core.config_store import ConfigStore
from optuna_search import current_trial

ConfigStore.instance().store("config", {"x": 0.0})

@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    current_trial().set_user_attr("method", multiprocessing.get_start_method())
    return cfg.x

if __name__ == "__main__":
    if METHOD is not None:
        multiprocessing.set_start_method(METHOD)
    main()
"""


@pytest.mark.parametrize("method", [None, "spawn"])
def test_what_a_task_starts_is_started_as_without_a_sweep(tmp_path, method):
    """A second fork server would let each of a task's data loaders import anew what the trial has."""
    (tmp_path / "app.py").write_text(f"METHOD = {method!r}\n{STARTER}")
    toy = OddToy(tmp_path)
    toy.sweep("hydra/sweeper=optuna", "x=interval(0,1)", "hydra.sweeper.study_name=toy", "hydra.sweeper.n_trials=1")
    (trial,) = toy.study().trials
    assert trial.user_attrs["method"] == (method or multiprocessing.get_all_start_methods()[0])  # the default
