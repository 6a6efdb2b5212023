"""A study's trials as the report needs them: what Optuna, the sweeper and the train stage wrote, in one place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.trial import TrialState
from optuna_search import StudyView, TrialView

from src.core.errors import DataError
from src.documents.training import Training
from src.study.curves import Curve, curve_of
from src.study.unified_space import common_space


@dataclass(frozen=True)
class ReportedTrial:
    """A trial.

    Attributes:
        number: Its number.
        state: `COMPLETE`, `PRUNED`, `FAIL`, `RUNNING` or `WAITING`.
        values: Its objectives' values; empty where it has none.
        params: Its parameters by override key.
        metrics: Its final metrics; the means over its replicates.
        untrained: The same of the weights that it started from.
        began: When it was started.
        ended: When it ended.
        curve: The first objective after each epoch, as far as it came.
        replicates: The values of each of its replicates, by the override that tells it from the others.
        flags: What a reader of its metrics has to know, by name.
        reason: Why it failed; empty if it did not.
        retry_of: The failed trial that it repeats.
        folder: Where it wrote; of replicates, the last one's.
        run_id: Its run in MLflow; likewise.
        records: Its detections on the val split, by replicate; files that may be gone or on another machine.
        baseline_records: Those of the starting weights.
        feasible: Whether it keeps its constraints.
    """

    number: int
    state: str
    values: tuple[float, ...]
    params: Mapping[str, Any]
    metrics: Mapping[str, float]
    untrained: Mapping[str, float]
    began: datetime | None
    ended: datetime | None
    curve: Curve
    replicates: Mapping[str, tuple[float, ...]]
    flags: Mapping[str, str]
    reason: str
    retry_of: int | None
    folder: Path | None
    run_id: str | None
    records: tuple[Path, ...]
    baseline_records: Path | None
    feasible: bool

    @property
    def is_complete(self) -> bool:
        """Whether it has a result."""
        return self.state == TrialState.COMPLETE.name and bool(self.values)

    @property
    def seconds(self) -> float | None:
        """How long it took; of replicates, all of them."""
        return None if self.began is None or self.ended is None else (self.ended - self.began).total_seconds()


@dataclass(frozen=True)
class ReportedStudy:
    """A study.

    Attributes:
        name: Its name.
        objectives: The objectives' names.
        maximize: Of each, whether a greater value is better.
        trials: All of them, by number.
        space: The searched parameters by override key, each with one distribution that holds all its values.
        attributes: What the sweeper and the tracker keep about the study.
    """

    name: str
    objectives: tuple[str, ...]
    maximize: tuple[bool, ...]
    trials: tuple[ReportedTrial, ...]
    space: Mapping[str, BaseDistribution]
    attributes: Mapping[str, Any]

    @property
    def complete(self) -> tuple[ReportedTrial, ...]:
        """The trials with a result."""
        return tuple(trial for trial in self.trials if trial.is_complete)

    @property
    def untrained(self) -> dict[str, float]:
        """The starting weights' value of the first objective, by the image size, which it depends on."""
        found: dict[str, float] = {}
        for trial in self.complete:
            if self.objectives[0] in trial.untrained:
                size = trial.params.get("train.imgsz")
                found["" if size is None else f"at imgsz {size}"] = trial.untrained[self.objectives[0]]
        return dict(sorted(found.items()))

    @property
    def is_single(self) -> bool:
        """Whether there is one objective."""
        return len(self.objectives) == 1


def read_study(study: StudyView) -> ReportedStudy:
    """What a study and its trials' folders hold."""
    return ReportedStudy(
        name=study.name,
        objectives=study.objectives,
        maximize=study.maximize,
        trials=tuple(_read_trial(trial, study.objectives[0]) for trial in study.trials),
        space=common_space(study.trials),
        attributes=study.user_attrs,
    )


def training_of(study: ReportedStudy) -> Training | None:
    """What a training of the study wrote about its data and its start; None where none is at hand."""
    for trial in study.complete:
        if trial.folder is not None:
            try:
                return Training.read(trial.folder)
            except DataError:
                continue
    return None


def _read_trial(trial: TrialView, objective: str) -> ReportedTrial:
    attrs = trial.user_attrs
    names = attrs.get("flags", [])
    messages = [*attrs.get("flag_messages", []), *("" for _ in names)]
    return ReportedTrial(
        number=trial.number,
        state=trial.state.name,
        values=trial.values if trial.is_complete else (),
        params=trial.params,
        metrics=attrs.get("metrics", {}),
        untrained=attrs.get("untrained", {}),
        began=trial.began,
        ended=trial.ended,
        curve=curve_of(trial.intermediate_values, trial.folder, trial.replicates, objective),
        replicates=trial.replicates,
        flags=dict(zip(names, messages, strict=False)),
        reason=trial.reason,
        retry_of=trial.retry_of,
        folder=trial.folder,
        run_id=attrs.get("mlflow_run_id"),
        records=_records(attrs.get("records"), len(trial.replicates)),
        baseline_records=Path(attrs["baseline_records"]) if "baseline_records" in attrs else None,
        feasible=trial.is_feasible,
    )


def _records(last: str | None, replicates: int) -> tuple[Path, ...]:
    """All replicates' files, which lie in folders side by side; the one that is named where they do not."""
    if last is None:
        return ()
    path = Path(last)
    if not replicates:
        return (path,)
    beside = sorted(path.parent.parent.glob(f"*/{path.name}"))
    return tuple(beside) if len(beside) == replicates else (path,)
