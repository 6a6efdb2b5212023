"""One sweep from its options to its results, on the machine where the command was given."""

import dataclasses
import logging
import math
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig, ListConfig, OmegaConf
from rich.console import Console

from optuna_search.errors import SpaceError, SweepFailed
from optuna_search.hydra_internals import BASIC_LAUNCHER
from optuna_search.objects import build, function
from optuna_search.results.files import SweepSummary, summarise, write
from optuna_search.results.progress import SweepProgress
from optuna_search.results.table import print_counts, print_table
from optuna_search.run import told
from optuna_search.run.compose import Composer
from optuna_search.run.controller import run_batches, run_slots
from optuna_search.run.plan import Home, Plan
from optuna_search.run.settings import (
    DEFAULT_POINT,
    as_list,
    check_settings,
    choose_storage,
    points_to_try,
    preferred_values,
    shared_name,
)
from optuna_search.run.signals import noting_its_end, terminate
from optuna_search.run.tell import RetryRules
from optuna_search.run.threads import AUTO, count_slots
from optuna_search.space.checks import Compose, check_edges, check_keys, check_overrides, default_point
from optuna_search.space.space import parse_space
from optuna_search.study.leases import WorkerWatch
from optuna_search.study.queue import requeue
from optuna_search.study.reading import opening
from optuna_search.study.study import (
    StudySpec,
    best_points,
    enqueue,
    is_enumerating,
    is_grid,
    log_through_hydra,
    resume,
    set_arguments,
)
from optuna_search.trial.devices import shortage
from optuna_search.trial.job import Terminated
from optuna_search.trial.replicates import Repeats
from optuna_search.trial.server import warm_up

log = logging.getLogger(__name__)


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
        check_settings(options)
        self._n_jobs = count_slots(options, config.hydra.launcher)
        self._storage = choose_storage(options, config.hydra)
        self._repeats = Repeats.read(options["repeats"])
        self._space = parse_space(options["params"] or {}, arguments, context.config_loader)
        if not self._space.keys and options["custom_search_space"] is None:
            raise SpaceError(
                "There is nothing to search: hydra.sweeper.params is empty and the command line varies nothing. "
                "Give a space, as in 'lr=tag(log,interval(1e-4,1e-1))'."
            )
        check_keys(self._space, config, context.config_loader)
        if self._repeats is not None and self._repeats.leaders is not None and self._repeats.over in self._space.keys:
            self._repeats = None  # who searches a key by name does not want it to be repeated over
        self._composer = Composer(context.config_loader, config)
        self._check_overrides_of_trials(self._composer.compose)
        self._sampler = set_arguments(options["sampler"])
        self._grid = self._space.grid() if is_grid(self._sampler) else {}
        self._preferred = self._space.preferred(preferred_values(options["prior"]))
        self._check_leaders()
        if self._preferred and is_enumerating(self._sampler):
            raise SpaceError(
                "hydra.sweeper.prior: a sampler that enumerates runs every point once, preferred or not; take another"
                " hydra/sweeper/sampler, or leave prior out."
            )
        if options["isolation"] == "process":  # it imports while the space is checked and the study opened
            warm_up(list(options["preload"]))
        check_edges(self._space, config, self._composer.compose, options["validate"])
        if options["custom_search_space"] is not None:
            function(options["custom_search_space"])
        self._spec().rehearse(self._space, config)

    def run(self) -> SweepSummary:
        """Run the sweep and leave its results in its folder, also when it fails or is interrupted.

        Raises:
            SweepFailed: Too many trials failed, or none ended with a result.
            KeyboardInterrupt: After Ctrl-C.
            SystemExit: After SIGTERM.
        """
        log_through_hydra()
        # to it, slots are jobs; announcing them by number would only confuse them with trials
        logging.getLogger(BASIC_LAUNCHER).setLevel(logging.WARNING)
        spec = self._spec()
        _make(self._folder)
        with opening(spec.name, spec.storage):
            if not self._options["study_name"]:
                spec = spec.claimed()
                self._folder = self._folder.with_name(spec.name)
            study = spec.open()
        run, changed = resume(study, self._space, str(self._sampler["_target_"]))
        for line in changed:
            log.warning("Resuming study %s; changed: %s", study.study_name, line)
        plan = self._plan(dataclasses.replace(spec, run=run))
        watch = WorkerWatch(study, plan.lease_s, plan.rules.max_retries)
        self._prepare(study, watch)
        console = told.console()
        with told.attempted("The sweep's begin could not be printed"):
            told.start(study, self._n_trials, self._folder, console)
        for doubt in filter(None, self._doubts()):
            log.warning(doubt)
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, terminate)
        callbacks = [build(callback) for callback in self._options["callbacks"].values()]
        for callback in callbacks:
            told.notify(callback, "on_sweep_start", study)
        return self._run_trials(plan, study, watch, console, callbacks)

    def _run_trials(
        self, plan: Plan, study: optuna.Study, watch: WorkerWatch, console: Console, callbacks: Sequence[Any]
    ) -> SweepSummary:
        try:
            with (
                SweepProgress(study, self._n_trials, console, watch.interrupted),
                noting_its_end(watch.interrupted.set),
                watch,
            ):
                if self._options["mode"] == "batch":
                    run_batches(plan, study, callbacks)
                else:
                    run_slots(plan, study, watch)
            _refuse_without_winner(summarise(study, self._folder))
        finally:  # callbacks may ask which exception is in flight
            if isinstance(sys.exception(), KeyboardInterrupt | Terminated):
                watch.look_after_interrupt(plan.spec.run)
            else:
                watch.look()
            summary = summarise(study, self._folder)
            with told.attempted("The results could not be written"):
                write(study, summary)
            with told.attempted("The table of the results could not be printed"):
                print_table(study, summary, list(self._options["columns"]), console)
            with told.attempted("The counts of the trials could not be printed"):
                print_counts(study, summary, console)
            if not isinstance(sys.exception(), Terminated):  # then there are seconds left
                for callback in callbacks:
                    with told.attempted(f"The callback {type(callback).__name__} failed at the end of the sweep"):
                        told.notify(callback, "on_sweep_end", study)
            with told.attempted("How to resume the study could not be printed"):
                told.how_to_resume(study, self._storage, self._n_trials, console)
        return summary

    def _doubts(self) -> list[str | None]:
        """What to warn of before the first trial."""
        return [
            shared_name(self._config.hydra.runtime.choices.get("hydra/sweeper")),
            shortage(self._n_jobs, self._options["devices"], self._options["slots_per_gpu"]),
        ]

    def _check_leaders(self) -> None:
        """Refuse a race where there is no leader, or no room for one."""
        if self._repeats is None or self._repeats.leaders is None:
            return
        if len(as_list(self._options["direction"])) > 1:
            raise SpaceError(
                "hydra.sweeper.repeats.leaders: of several objectives no setting leads; leave leaders out."
            )
        if is_enumerating(self._sampler):
            raise SpaceError(
                "hydra.sweeper.repeats.leaders: a sampler that enumerates runs every point as often as every other;"
                " leave leaders out, or take another hydra/sweeper/sampler."
            )

    def _check_overrides_of_trials(self, compose: Compose) -> None:
        """Refuse overrides that only some jobs get, before the first job that would fail by them."""
        if self._repeats is not None:
            check_overrides("repeats", self._repeats.overrides, self._space, self._config, compose)
        retried = list(self._options["retry_overrides"])
        check_overrides("retry_overrides", retried, self._space, self._config, compose)

    @property
    def _n_trials(self) -> int:
        n_trials: int = self._options["n_trials"]
        return min(n_trials, math.prod(map(len, self._grid.values()))) if self._grid else n_trials

    def _spec(self) -> StudySpec:
        return StudySpec(
            name=self._options["study_name"] or self._folder.name,
            storage=self._storage,
            directions=tuple(as_list(self._options["direction"])),
            sampler=self._sampler,
            pruner=set_arguments(self._options["pruner"]),
            metric_names=tuple(as_list(self._options["metric_names"] or [])),
            grid=self._grid,
            preferred=self._preferred,
        )

    def _prepare(self, study: optuna.Study, watch: WorkerWatch) -> None:
        _make(self._folder)
        OmegaConf.save(self._config, self._folder / "multirun.yaml")
        requeue(study)
        watch.look()
        enqueue(study, self._queue())

    def _queue(self) -> list[dict[str, Any]]:
        points: list[dict[str, Any]] = []
        for point in points_to_try(self._options["enqueue"]):
            if point != DEFAULT_POINT:
                points.append(self._space.admit(point))
            elif not self._grid:  # a grid has every point once
                points.append(default_point(self._space, self._config))
        if self._preferred:
            points.append(self._space.admissible(self._preferred))
        for name in as_list(self._options["warm_start_from"] or []):
            points += best_points(name, self._storage, self._space)
        return points

    def _plan(self, spec: StudySpec) -> Plan:
        options = self._options
        return Plan(
            task=self._task,
            context=self._context,
            config=self._config,
            composer=self._composer,
            spec=spec,
            space=self._space,
            n_trials=self._n_trials,
            n_jobs=self._n_jobs,
            as_fit=options["n_jobs"] == AUTO,
            max_failure_rate=options["max_failure_rate"],
            deadline=math.inf if options["timeout_s"] is None else time.time() + options["timeout_s"],
            trial_timeout_s=options["trial_timeout_s"],
            lease_s=options["lease_s"],
            rules=RetryRules(options["max_retries"], tuple(options["retry_on"]), tuple(options["retry_overrides"])),
            repeats=self._repeats,
            isolate=options["isolation"] == "process",
            preload=list(options["preload"]),
            callbacks=options["callbacks"],
            custom_search_space=options["custom_search_space"],
            devices=as_list(options["devices"]) if isinstance(options["devices"], ListConfig) else options["devices"],
            slots_per_gpu=options["slots_per_gpu"],
            home=Home.here(),
            folder=str(self._folder) if self._folder != Path(str(self._config.hydra.sweep.dir)) else "",
        )


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, ValueError) as error:  # a ValueError for a zero byte in it
        raise SpaceError(f"The folder of hydra.sweep.dir={folder} cannot be made: {error}.") from error


def _refuse_without_winner(summary: SweepSummary) -> None:
    if summary.best_trials:
        return
    if summary.counts.get("complete"):
        raise SweepFailed("No trial keeps all constraints; by how much each breaks them is listed above.")
    raise SweepFailed("No trial ended with a result; the reasons are listed above.")
