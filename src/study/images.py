"""What resampling the images says about the settings of a study."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.evaluation.average_precision import METRICS
from src.evaluation.bootstrap import resampled
from src.study.comparison import Setting
from src.study.leaderboard import Resampled
from src.study.trials import ReportedTrial

RESAMPLES, FEWEST_RESAMPLES = 1000, 200
WORK = 50_000_000  # detections times resamples that are computed in about three seconds


class Images:
    """The detections of trials on the val split, resampled once each.

    Attributes:
        doubts: What could not be compared and why, for the reader.
    """

    def __init__(self, objective: str, trials: Sequence[ReportedTrial]) -> None:
        """Read the detections of all trials.

        Args:
            objective: What the study optimised; only average precisions can be resampled.
            trials: Its trials with a result.
        """
        self.doubts: list[str] = []
        self._by_number = {trial.number: trial for trial in trials}
        self._metric = objective.removeprefix("val/")
        self._values: dict[Path, NDArray[np.float64] | None] = {}
        self._records: dict[Path, DetectionRecords] = {}
        if self._metric not in METRICS or not objective.startswith("val/"):
            self.doubts.append(
                f"{objective} is no average precision on the val split: what other images would say is not known."
            )
            return
        paths = {path for trial in trials for path in (*trial.records, trial.baseline_records) if path is not None}
        missing = self._read(sorted(paths))
        if not self._records:
            self.doubts.append(
                "The detections of the trials are not on this machine"
                f"{f' ({missing[0]})' if missing else ''}: what other images would say is not known."
            )
        elif missing:
            self.doubts.append(f"{len(missing)} files of detections are not at hand, such as {missing[0]}.")
        total = sum(len(records.scores) for records in self._records.values())
        self.resamples = int(np.clip(WORK // max(total, 1), FEWEST_RESAMPLES, RESAMPLES))

    def of(self, settings: Sequence[Setting]) -> dict[int, Resampled]:
        """By place, what is known about each setting."""
        found = {}
        for place, setting in enumerate(settings):
            trials = [self._by_number[n] for n in {t.number for t in setting.trials} if n is not None]
            paths = [path for trial in trials for path in trial.records]
            untrained = {trial.baseline_records for trial in trials}
            found[place] = Resampled(
                self._mean(paths), self._mean([path for path in untrained if path] if len(untrained) == 1 else [])
            )
        return found

    @property
    def count(self) -> int | None:
        """How many images there are; None where that is not known."""
        return next((records.image_count for records in self._records.values()), None)

    def _read(self, paths: Sequence[Path]) -> list[str]:
        """Keep the readable records that are about the same images and labels as the first; returns the others."""
        missing, first = [], None
        for path in paths:
            try:
                records = DetectionRecords.load(path)
            except DataError:
                missing.append(str(path))
                continue
            first = records if first is None else first
            if not np.array_equal(first.positives, records.positives):
                self.doubts.append(f"{path} is about other images or labels than the rest; it is left out.")
                continue
            self._records[path] = records
        return missing

    def _mean(self, paths: Sequence[Path]) -> NDArray[np.float64] | None:
        """The mean over models on each resample; None unless all of them are at hand."""
        values = self.each(paths)
        return None if values is None else np.mean(values, axis=0)

    def each(self, paths: Sequence[Path | None]) -> NDArray[np.float64] | None:
        """The objective of each model on each resample, (models, 1 + resamples); None unless all are at hand."""
        values = [self.resampled(path) for path in paths]
        known = [value for value in values if value is not None]
        return np.stack(known) if known and len(known) == len(values) else None

    def resampled(self, path: Path | None) -> NDArray[np.float64] | None:
        """The objective of one model on each resample, (1 + resamples,); None where its detections are not at hand."""
        if path is None:
            return None
        if path not in self._values:
            records = self._records.get(path)
            self._values[path] = None if records is None else resampled(records, self._metric, resamples=self.resamples)
        return self._values[path]


def untrained_values(
    settings: Sequence[Setting], trials: Mapping[int, ReportedTrial], objective: str
) -> dict[int, float]:
    """By place, the starting weights' value of the objective under a setting's conditions."""
    found = {}
    for place, setting in enumerate(settings):
        values = [
            trials[number].untrained[objective]
            for number in (trial.number for trial in setting.trials)
            if number is not None and objective in trials[number].untrained
        ]
        if values:
            found[place] = float(np.mean(values))
    return found
