"""One sweep from its options to its results, on the machine where the command was given."""

import logging
import math
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.types import HydraContext, TaskFunction
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from optuna.trial import TrialState
from rich.console import Console

from hydra_plugins.optuna_sweeper import _results as results
from hydra_plugins.optuna_sweeper._check import check_edges, check_keys, check_settings, default_point
from hydra_plugins.optuna_sweeper._errors import SpaceError, SweepFailed
from hydra_plugins.optuna_sweeper._isolation import warm_up
from hydra_plugins.optuna_sweeper._progress import SweepProgress
from hydra_plugins.optuna_sweeper._results import SweepSummary
from hydra_plugins.optuna_sweeper._space import parse_space
from hydra_plugins.optuna_sweeper._study import (
    JOURNAL,
    Budget,
    StudySpec,
    chosen_by_name,
    enqueue,
    is_grid,
    log_through_hydra,
    reap,
    set_arguments,
    storage_spec,
)
from hydra_plugins.optuna_sweeper._worker import WorkerSlot, launch

log = logging.getLogger(__name__)

WIDTH_OF_FILES = 160  # characters


class Search:
    """A sweep: refuses what cannot work when it is made, runs when told to.

    Raises:
        SpaceError: Something cannot work; no trial has run.
    """

    def __init__(
        self,
        options: Mapping[str, Any],
        config: DictConfig,
        context: HydraContext,
        task: TaskFunction,
        arguments: Sequence[str],
    ) -> None:
        self._options = options
        self._config = config
        self._context = context
        self._task = task
        self._folder = Path(str(config.hydra.sweep.dir))
        self._directions = tuple(_as_list(options["direction"]))
        self._metric_names = _as_list(options["metric_names"]) if options["metric_names"] else []
        check_settings(
            n_trials=options["n_trials"],
            n_jobs=options["n_jobs"],
            max_failure_rate=options["max_failure_rate"],
            directions=self._directions,
            metric_names=self._metric_names,
            isolation=options["isolation"],
        )
        self._space = parse_space(options["params"] or {}, arguments, context.config_loader)
        if not self._space.parameters and options["custom_search_space"] is None:
            raise SpaceError(
                "There is nothing to search: hydra.sweeper.params is empty and the command line varies nothing. "
                "Give a space, as in 'lr=tag(log,interval(1e-4,1e-1))'."
            )
        check_keys(self._space, config, context.config_loader)
        self._sampler = set_arguments(options["sampler"])
        self._grid = self._space.grid() if is_grid(self._sampler) else {}
        if options["isolation"] == "process":  # it imports while the space is checked and the study opened
            warm_up(list(options["preload"]))
        check_edges(self._space, config, context.config_loader, options["validate"])

    def run(self) -> SweepSummary:
        """Run the sweep and leave its results in its folder, also when it fails or is interrupted.

        Raises:
            SweepFailed: Too many trials failed, or none ended with a result.
            SystemExit: After Ctrl-C.
        """
        log_through_hydra()
        # to it, slots are jobs; announcing them by number would only confuse them with trials
        logging.getLogger("hydra._internal.core_plugins.basic_launcher").setLevel(logging.WARNING)
        spec = self._spec()
        study = spec.open()
        self._prepare(study)
        console = _console()
        self._announce(study, console)
        callbacks = [instantiate(callback) for callback in self._options["callbacks"].values()]
        _notify(callbacks, "on_sweep_start", study)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)  # to be told to end is as good as Ctrl-C
        try:
            return self._run_trials(spec, study, console, callbacks)
        except KeyboardInterrupt:
            sys.exit(128 + signal.SIGINT)

    def _announce(self, study: optuna.Study, console: Console) -> None:
        there = sum(trial.state != TrialState.WAITING for trial in study.get_trials(deepcopy=False))
        done = f", {there} of them are there already" if there else ""
        if there >= self._n_trials:
            done += ": nothing is left to do; a larger hydra.sweeper.n_trials goes on"
        text = f"Study {study.study_name}: {self._n_trials} trials{done}. Folder: {self._folder}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)

    def _run_trials(
        self, spec: StudySpec, study: optuna.Study, console: Console, callbacks: Sequence[Any]
    ) -> SweepSummary:
        try:
            with SweepProgress(study, self._n_trials, console):
                launch(self._slot(spec))
            if not results.summarise(study, self._folder).best_trials:
                raise SweepFailed("No trial ended with a result; the reasons are listed above.")
        finally:  # callbacks may ask which exception is in flight
            summary = results.summarise(study, self._folder)
            results.write(study, summary)
            results.print_table(study, summary, list(self._options["columns"]), console)
            _notify(callbacks, "on_sweep_end", study)
            self._print_ways_on(study, console)
        return summary

    @property
    def _n_trials(self) -> int:
        n_trials: int = self._options["n_trials"]
        return min(n_trials, math.prod(map(len, self._grid.values()))) if self._grid else n_trials

    def _spec(self) -> StudySpec:
        return StudySpec(
            name=self._options["study_name"] or self._folder.name,
            storage=storage_spec(self._options["storage"]),
            directions=self._directions,
            sampler=self._sampler,
            pruner=set_arguments(self._options["pruner"]),
            grid=self._grid,
        )

    def _prepare(self, study: optuna.Study) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        OmegaConf.save(self._config, self._folder / "multirun.yaml")
        if self._metric_names:
            with chosen_by_name():
                study.set_metric_names(self._metric_names)
        for trial in reap(study):
            log.warning("Trial %d counted as running, but its worker has died; it is told as failed.", trial.number)
        enqueue(study, self._queue(), self._space)

    def _queue(self) -> list[dict[str, Any]]:
        points: list[Any] = []
        for point in self._options["enqueue"] or []:
            if point != "default":
                points.append(OmegaConf.to_container(point, resolve=True))
            elif not self._grid:  # a grid has every point once
                points.append(default_point(self._space, self._config))
        return points

    def _slot(self, spec: StudySpec) -> WorkerSlot:
        timeout_s = self._options["timeout_s"]
        return WorkerSlot(
            task=self._task,
            context=self._context,
            config=self._config,
            spec=spec,
            space=self._space,
            budget=Budget(self._n_trials, (self._folder / ".workers" / "tickets.lock").absolute()),
            max_failure_rate=self._options["max_failure_rate"],
            deadline=time.time() + timeout_s if timeout_s is not None else float("inf"),
            isolate=self._options["isolation"] == "process",
            n_jobs=self._options["n_jobs"],
            preload=list(self._options["preload"]),
            callbacks=self._options["callbacks"],
            custom_search_space=self._options["custom_search_space"],
        )

    def _print_ways_on(self, study: optuna.Study, console: Console) -> None:
        storage = storage_spec(self._options["storage"])
        if isinstance(storage, str):
            shown = _relative(storage.removeprefix(JOURNAL)) if storage.startswith(JOURNAL) else _redacted(storage)
            console.print(f"Look at the study:  optuna-dashboard {shown}", markup=False, soft_wrap=True)
        console.print(
            f"Go on with it:      the same command with hydra.sweeper.study_name={study.study_name} "
            f"hydra.sweeper.n_trials={2 * self._n_trials}",
            markup=False,
            soft_wrap=True,
        )


def _console() -> Console:
    """Where nothing says how wide the output is (a file, a pipe), it may be as wide as a table needs."""
    knows_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if knows_width else WIDTH_OF_FILES)


def _as_list(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]


def _notify(callbacks: Sequence[Any], name: str, study: optuna.Study) -> None:
    """Plain Optuna callbacks have no such methods; ours make use of them."""
    for callback in callbacks:
        if hasattr(callback, name):
            getattr(callback, name)(study)


def _relative(path: str) -> str:
    here = Path.cwd()
    return str(Path(path).relative_to(here)) if Path(path).is_relative_to(here) else path


def _redacted(url: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(url).render_as_string(hide_password=True)
