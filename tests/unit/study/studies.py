"""Studies as sweeps leave them, made through Optuna's API."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import optuna
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.trial import FrozenTrial, TrialState
from optuna_search import StudyView

from src.core.detection_records import DetectionRecords

START = datetime(2026, 1, 1, 12)
SPACE: dict[str, BaseDistribution] = {
    "train.lr0": FloatDistribution(1e-4, 1e-1, log=True),
    "train.imgsz": CategoricalDistribution([160, 224]),
}


def records(found: Sequence[bool]) -> DetectionRecords:
    """One image each with one person, found or missed, and one false alarm below every hit."""
    count = len(found)
    hits = np.array(found, dtype=bool)
    return DetectionRecords(
        image_index=np.concatenate([np.arange(count)[hits], np.arange(count)]),
        class_index=np.zeros(int(hits.sum()) + count, dtype=int),
        scores=np.concatenate([np.full(int(hits.sum()), 0.9), np.full(count, 0.1)]),
        true_positive=np.concatenate([np.ones((int(hits.sum()), 10), bool), np.zeros((count, 10), bool)]),
        positives=np.ones((count, 1), dtype=int),
    )


class StudyMaker:
    """Makes trials; each finds a share of forty people."""

    def __init__(
        self, folder: Path, directions: Sequence[str] = ("maximize",), objective: str = "val/mAP50-95"
    ) -> None:
        self.folder, self._objective = folder, objective
        self.study = optuna.create_study(study_name="people", directions=list(directions))
        names = [objective, "train/seconds"][: len(directions)]
        self.study._storage.set_study_system_attr(self.study._study_id, "study:metric_names", names)
        self._ended = START

    @property
    def view(self) -> StudyView:
        """The study as it is now."""
        return StudyView.of(self.study)

    def trial(
        self,
        share: float | None,
        *,
        params: Mapping[str, Any] | None = None,
        space: Mapping[str, BaseDistribution] | None = None,
        state: TrialState = TrialState.COMPLETE,
        seconds: float = 60.0,
        untrained: float | None = 0.5,
        curve: Sequence[float] = (),
        values: Sequence[float] | None = None,
        constraints: Mapping[str, float] | None = None,
        **attributes: Any,
    ) -> None:
        """Add a trial that finds this share of the people; None for one without a result."""
        number = len(self.study.trials)
        params = {"train.lr0": 1e-3 * (number + 1), "train.imgsz": 160} if params is None else dict(params)
        attrs: dict[str, Any] = {"mlflow_run_id": f"{number:032x}", **attributes}
        if share is not None:
            attrs = {**self._result("trained", number, share, ("metrics", "records")), **attrs}
            if untrained is not None:
                attrs = {**self._result("untrained", 0, untrained, ("untrained", "baseline_records")), **attrs}
        began, self._ended = self._ended, self._ended + timedelta(seconds=seconds)
        done = state == TrialState.COMPLETE
        trial = FrozenTrial(
            number=number,
            state=state,
            value=None,
            values=list(values) if values is not None else [share] if done and share is not None else None,
            datetime_start=began,
            datetime_complete=self._ended if state.is_finished() else None,
            params=params,
            distributions={name: (space or SPACE)[name] for name in params},
            user_attrs=attrs,
            system_attrs={},
            intermediate_values=dict(enumerate(curve, start=1)),
            trial_id=number,
        )
        for name, excess in (constraints or {}).items():
            trial.set_constraint(name, excess)
        self.study.add_trial(trial)

    def repeated(self, *shares: float, **of_trial: Any) -> None:
        """Add a trial with a replicate for each share of the people found."""
        folder = self.folder / f"repeated{len(self.study.trials)}"
        for seed, share in enumerate(shares):
            records([True] * round(40 * share) + [False] * round(40 * (1 - share))).save(
                folder / f"seed={seed}" / "val.npz"
            )
        self.trial(
            sum(shares) / len(shares),
            records=str(folder / f"seed={len(shares) - 1}" / "val.npz"),
            replicates={f"train.seed={seed}": [share] for seed, share in enumerate(shares)},
            **of_trial,
        )

    def _result(self, kind: str, number: int, share: float, names: tuple[str, str]) -> dict[str, Any]:
        path = self.folder / f"{kind}{number}-{share}.npz"
        records([True] * round(40 * share) + [False] * round(40 * (1 - share))).save(path)
        return {names[0]: {"val/mAP50": share, self._objective: share}, names[1]: str(path)}
