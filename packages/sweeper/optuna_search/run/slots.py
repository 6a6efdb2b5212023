"""Whether the launcher runs as many slots at once as the sweep asks for, seen by the trials that they draw.

No launcher is known by name: a slot writes its number into the lease of each trial that it draws.
"""

import logging
import os
import re
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any

import optuna
from omegaconf import DictConfig, OmegaConf

from optuna_search.attributes import LEASE
from optuna_search.study.leases import machine
from optuna_search.study.queue import TrialBudget

log = logging.getLogger(__name__)

LOOK_S = 1.0  # between two looks
PATIENCE_S = 30.0  # a slot on this machine begins within seconds; a batch system may let it wait, which is worth saying

_LIMIT = re.compile(r"jobs|parallel|workers|concurren")  # what settings that bound the number of jobs are called


class SlotWatch:
    """Warns once if some slots do not begin although others draw trials.

    Side effects: a thread that reads the storage once a second, until all slots have begun.
    """

    def __init__(self, study: optuna.Study, run: int, n_jobs: int, n_trials: int, launcher: DictConfig) -> None:
        """Watch one run.

        Args:
            study: The study.
            run: The number of this run, as `StudySpec.run`.
            n_jobs: How many slots there should be.
            n_trials: The study's total.
            launcher: The node `hydra.launcher`.
        """
        self._study = study
        self._run = run
        self._n_jobs = n_jobs
        self._n_trials = n_trials
        self._launcher = launcher
        self._first_seen: float | None = None
        self._settled = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="slot-watch", daemon=True)

    def __enter__(self) -> "SlotWatch":
        """Start watching; a single slot needs none."""
        if self._n_jobs > 1:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Look for the last time."""
        if self._n_jobs > 1:
            seen_to_the_end = kind is None and not self._settled.is_set()
            self._settled.set()
            self._thread.join()
            if seen_to_the_end:
                self.look()

    def look(self) -> None:
        """Look once, and warn if there are too few slots."""
        trials = self._study.get_trials(deepcopy=False)
        drawn = [lease for trial in trials if (lease := _lease_of(trial, self._run))]
        begun = {lease["slot"][1] for lease in drawn}
        if len(begun) >= self._n_jobs:
            self._settled.set()
            return
        if not drawn:
            return
        self._first_seen = time.monotonic() if self._first_seen is None else self._first_seen
        if any((lease["machine"], lease["pid"]) == (machine(), os.getpid()) for lease in drawn):
            if len(begun) < min(self._n_jobs, len(drawn)):
                self._warn("the launcher runs one slot after the other, in this process")
        elif time.monotonic() - self._first_seen > PATIENCE_S:
            budget = TrialBudget.of(trials, self._n_trials)
            if budget.places or budget.claimable:
                self._warn(f"{PATIENCE_S:.0f} s after the first trial was drawn only {len(begun)} have begun")

    def _watch(self) -> None:
        while not self._settled.wait(LOOK_S):
            try:
                self.look()
            except Exception:  # the storage may answer again in a second
                log.warning("The slots could not be counted; trying again.", exc_info=True)

    def _warn(self, seen: str) -> None:
        settings = " ".join(f"hydra.launcher.{name}={self._n_jobs}" for name in limits(self._launcher, self._n_jobs))
        general = (
            f"Let the launcher run {self._n_jobs} jobs at once, or take one that can, such as hydra/launcher=joblib"
        )
        log.warning(
            "hydra.sweeper.n_jobs=%d, but %s. A slot that begins when others have ended finds nothing left to do. "
            "%s, or set a smaller hydra.sweeper.n_jobs.",
            self._n_jobs,
            seen,
            f"Set {settings}" if settings else general,
        )
        self._settled.set()


def limits(launcher: Mapping[Any, Any], n_jobs: int) -> Iterator[str]:
    """The settings of a launcher that seem to bound how many jobs run at once, and are below `n_jobs`."""
    content = OmegaConf.to_container(launcher) if isinstance(launcher, DictConfig) else launcher
    assert isinstance(content, dict)
    for name, value in content.items():
        if isinstance(value, int) and not isinstance(value, bool) and value < n_jobs and _LIMIT.search(str(name)):
            yield str(name)


def _lease_of(trial: optuna.trial.FrozenTrial, run: int) -> Mapping[str, Any] | None:
    """The lease of a trial that a slot of this run has drawn."""
    lease: Mapping[str, Any] = trial.system_attrs.get(LEASE, {})
    return lease if lease.get("slot", [None])[0] == run else None
