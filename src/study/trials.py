"""A study's trials as the report needs them: what Optuna, the sweeper and the train stage wrote, in one place."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any

from optuna.distributions import BaseDistribution
from optuna_search import StudyView, TrialView

from src.core import study_attributes as names
from src.core.errors import DataError
from src.documents.training import Training
from src.study.curves import Curve, curve_of
from src.study.unified_space import common_space


@dataclass(frozen=True)
class ReportedTrial(TrialView):
    """A trial with what its training kept about itself.

    Attributes:
        objective: The study's first objective.
    """

    objective: str

    @property
    def results(self) -> tuple[float, ...]:
        """Its objectives' values; empty unless it is complete."""
        return self.values if self.is_complete else ()

    @property
    def metrics(self) -> Mapping[str, float]:
        """Its final metrics; the means over its replicates."""
        metrics: Mapping[str, float] = self.user_attrs.get(names.METRICS, {})
        return metrics

    @property
    def untrained(self) -> Mapping[str, float]:
        """The same of the weights that it started from."""
        metrics: Mapping[str, float] = self.user_attrs.get(names.UNTRAINED, {})
        return metrics

    @cached_property
    def curve(self) -> Curve:
        """The first objective after each epoch, as far as it came."""
        return curve_of(self.intermediate_values, self.folder, self.replicates, self.objective)

    @property
    def flags(self) -> dict[str, str]:
        """What a reader of its metrics has to know, by name."""
        flags = self.user_attrs.get(names.FLAGS, [])
        messages = [*self.user_attrs.get(names.FLAG_MESSAGES, []), *("" for _ in flags)]
        return dict(zip(flags, messages, strict=False))

    @property
    def seconds(self) -> float | None:
        """How long its training took; of replicates, all of them.

        Where the training has said so, without what else its trial did: prepare the data, and for the first trial with
        an image size evaluate the starting weights.
        """
        if (training := self.metrics.get("train/seconds")) is not None:
            return training * max(1, len(self.replicates))
        return None if self.duration is None else self.duration.total_seconds()

    @property
    def run_id(self) -> str | None:
        """Its run in MLflow; of replicates, the last one's."""
        run_id: str | None = self.user_attrs.get(names.RUN_ID)
        return run_id

    @cached_property
    def records(self) -> tuple[Path, ...]:
        """Its detections on val, a file a replicate; they may be gone or on another machine.

        Replicates' files lie in folders side by side; the one that is named where they do not.
        """
        return self._of_each(names.RECORDS)

    @property
    def baseline_records(self) -> Path | None:
        """The detections of the starting weights."""
        return self._file(names.BASELINE_RECORDS)

    def records_on(self, split: str) -> tuple[tuple[Path, ...], Path | None]:
        """Its detections and those of the starting weights.

        Args:
            split: `val`; `deployed`, the same images as deployment sees them, where an objective asked for it; and of a
                setting that is confirmed, `test` and `test/deployed`.
        """
        if split == "val":
            return self.records, self.baseline_records
        if split.endswith("deployed"):
            trained, start = names.DEPLOYED["val" if split == "deployed" else "test"]
            return self._of_each(trained), self._file(start)
        own = self._file(names.TEST_RECORDS)
        return () if own is None else (own,), self._file(names.BASELINE_TEST_RECORDS)

    def _of_each(self, name: str) -> tuple[Path, ...]:
        """The files of all replicates that lie beside the one that an attribute names; the one where they do not."""
        if (path := self._file(name)) is None:
            return ()
        count = len(self.replicates)
        all_of_them = sorted(path.parent.parent.glob(f"*/{path.name}")) if count else []
        return tuple(all_of_them) if all_of_them and len(all_of_them) == count else (path,)

    def _file(self, name: str) -> Path | None:
        path = self.user_attrs.get(name)
        return None if path is None else Path(path)


@dataclass(frozen=True)
class ReportedStudy:
    """A study.

    Attributes:
        name: Its name.
        objectives: The objectives' names.
        maximize: Of each, whether a greater value is better.
        trials: All of them, by number.
        space: The searched parameters by override key, each with one distribution that holds all its values.
        sampler: The class that drew last; empty where that is not known.
        run_id: Its run in MLflow; None where it was not recorded.
    """

    name: str
    objectives: tuple[str, ...]
    maximize: tuple[bool, ...]
    trials: tuple[ReportedTrial, ...]
    space: Mapping[str, BaseDistribution]
    sampler: str
    run_id: str | None

    @property
    def complete(self) -> tuple[ReportedTrial, ...]:
        """The trials with a result."""
        return tuple(trial for trial in self.trials if trial.is_complete)

    @property
    def untrained(self) -> dict[str, float]:
        """The starting weights' value of the first objective, by what it depends on: the model and the image size."""
        found = {
            _conditions(trial.params): trial.untrained[self.objectives[0]]
            for trial in self.complete
            if self.objectives[0] in trial.untrained
        }
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
        trials=tuple(ReportedTrial(trial.frozen, study.objectives[0]) for trial in study.trials),
        space=common_space(study.trials),
        sampler=study.sampler,
        run_id=study.user_attrs.get(names.RUN_ID),
    )


def training_of(study: ReportedStudy) -> Training | None:
    """What a training of the study wrote about its data and its start; None where none is available."""
    return next(_trainings(study), None)


def starts_of(study: ReportedStudy) -> tuple[str, ...]:
    """What its trainings started from, each once, as far as that is available."""
    return tuple(dict.fromkeys(training.start for training in _trainings(study)))


def _trainings(study: ReportedStudy) -> Iterator[Training]:
    for trial in study.complete:
        if trial.folder is not None:
            with suppress(DataError):
                yield Training.read(trial.folder)


def _conditions(params: Mapping[str, Any]) -> str:
    """Which of a study's starting weights a trial started from, and at which image size, in words."""
    model = " ".join(PurePath(str(v)).name for k, v in params.items() if k == "model" or k.startswith("model."))
    size = params.get("train.imgsz")
    return " ".join([*([f"of {model}"] if model else []), *([] if size is None else [f"at imgsz {size}"])])
