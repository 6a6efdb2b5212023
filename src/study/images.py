"""What the images say about the settings of a study: the contributions of each to every model's metric."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.detection_records import DetectionRecords
from src.core.errors import DataError
from src.evaluation.average_precision import METRICS
from src.evaluation.contributions import contributions
from src.evaluation.headline import frequent_classes
from src.study.comparison import Setting
from src.study.noise import Measured
from src.study.trials import ReportedTrial


class Images:
    """The detections of trials on the val split.

    Attributes:
        doubts: What could not be compared and why, for the reader.
    """

    def __init__(self, objective: str, trials: Sequence[ReportedTrial]) -> None:
        """Read the detections of all trials.

        Args:
            objective: What the study optimised; only of average precisions is known what images contribute.
            trials: Its trials with a result.
        """
        self.doubts: list[str] = []
        self._by_number = {trial.number: trial for trial in trials}
        self._split, _, self._metric = objective.rpartition("/")
        self._values: dict[Path, NDArray[np.float64] | None] = {}
        self._records: dict[Path, DetectionRecords] = {}
        if self._metric not in METRICS or self._split not in ("val", "test", "deployed", "test/deployed"):
            self.doubts.append(
                f"{objective} is no average precision of all classes on val: what other images would say is not known."
            )
            return
        found = [trial.records_on(self._split) for trial in trials]
        paths = {path for own, start in found for path in (*own, start) if path is not None}
        missing = self._read(sorted(paths))
        if not self._records:
            self.doubts.append(
                "The detections of the trials are not on this machine"
                f"{f' ({missing[0]})' if missing else ''}: what other images would say is not known."
            )
        elif missing:
            self.doubts.append(f"{len(missing)} files of detections are not available, such as {missing[0]}.")

    def of(self, settings: Sequence[Setting]) -> dict[int, Measured]:
        """By place, what is known about each setting; those whose detections are not all available are missing."""
        found: dict[int, Measured] = {}
        for place, setting in enumerate(settings):
            numbers = {training.number for training in setting.trials}
            measured = self.of_trials([self._by_number[number] for number in numbers if number is not None])
            found |= {} if measured is None else {place: measured}
        return found

    def of_trials(self, trials: Sequence[ReportedTrial]) -> Measured | None:
        """What is known about the trials of one setting; None where not all of their detections are available."""
        files = [trial.records_on(self._split) for trial in trials]
        runs = self.each([path for own, _ in files for path in own])
        starts = {start for _, start in files}
        start = self.contributions(next(iter(starts))) if len(starts) == 1 else None
        return None if runs is None else Measured(runs, start)

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

    def each(self, paths: Sequence[Path | None]) -> NDArray[np.float64] | None:
        """What the images contribute to each model, (models, groups); None unless all are available."""
        values = [self.contributions(path) for path in paths]
        known = [value for value in values if value is not None]
        return np.stack(known) if known and len(known) == len(values) else None

    def _about(self, records: DetectionRecords) -> NDArray[np.bool_] | None:
        """The classes that the metric is about: as deployed only the frequent ones, where there are any."""
        frequent = frequent_classes(records.positives)
        return frequent if self._split.endswith("deployed") and frequent.any() else None

    def contributions(self, path: Path | None) -> NDArray[np.float64] | None:
        """What the images contribute to one model, (groups,); None where its detections are not available."""
        if path is None:
            return None
        if path not in self._values:
            records = self._records.get(path)
            self._values[path] = None if records is None else contributions(records, self._metric, self._about(records))
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
