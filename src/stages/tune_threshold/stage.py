"""The stage `tune_threshold`: the operating point, chosen exactly on val and evaluated once on test."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.detections import FLOOR
from src.data.options import DataOptions
from src.documents.evaluation import Evaluation
from src.documents.predictions import CORRUPTED, TEST, VAL, Predictions, corruptions_in, folder_of
from src.documents.threshold import (
    Threshold,
)
from src.mlflow.options import TrackingOptions
from src.passes.matched import MatchedDetections, match_at
from src.stages.tune_threshold.choice import choose
from src.stages.tune_threshold.document import threshold_of
from src.thresholds.calibration import Reliability, reliability
from src.thresholds.curve import CountsByThreshold, Rates, sweep
from src.thresholds.operating_point import DEFAULT, OperatingPoint, in_all
from src.thresholds.options import ThresholdOptions

INFEASIBLE = 3  # the program's exit status where no threshold satisfies the criterion's constraint


@dataclass(frozen=True)
class TuneJob:
    """Everything that the choice of a threshold needs to know.

    Attributes:
        data: Which data; its images are drawn on.
        threshold: The criterion, and where the evaluation is.
        tracking: Where to record.
        folder: Where to write.
    """

    data: DataOptions
    threshold: ThresholdOptions
    tracking: TrackingOptions
    folder: Path


@dataclass(frozen=True, eq=False)
class TuneOutcome:
    """What the choice of a threshold yields.

    Attributes:
        options: What was asked for.
        evaluation: What it was chosen from.
        threshold: What was chosen, and what it does.
        point: The operating point that was frozen; None where there is none.
        views: By split, the detections at the point's NMS IoU; where there is no point, at that of the nearest one.
        default_views: By split, those at the default NMS IoU.
        curves: By split, of the views.
        calibration: By split, likewise.
        data_root: The folder that images lie in.
        folder: Where everything is written.
    """

    options: ThresholdOptions
    evaluation: Evaluation
    threshold: Threshold
    point: OperatingPoint | None
    views: Mapping[str, MatchedDetections]
    default_views: Mapping[str, MatchedDetections]
    curves: Mapping[str, CountsByThreshold]
    calibration: Mapping[str, Reliability]
    data_root: Path
    folder: Path

    @property
    def last_split(self) -> str:
        """The split for what is shown of one only: test, or val where there is no test split."""
        return list(self.views)[-1]

    @property
    def broken_on_test(self) -> Rates | None:
        """What the point does on test if it breaks the criterion's constraint there; it keeps it on val."""
        if self.point is None or TEST not in self.views:
            return None
        counts = in_all(self.views[TEST].counts(self.point))
        return counts.rates if self.options.rule.shortfall(counts) > 0 else None


def tune_threshold(job: TuneJob) -> TuneOutcome:
    """Choose the operating point on val, freeze it, and evaluate it once on test.

    Raises:
        DataError: there is no evaluation, or its files are damaged.
    """
    options = job.threshold
    folder = Path(options.evaluation)
    evaluation = Evaluation.read(folder, otherwise="name the folder of an evaluation with threshold.evaluation=…")
    found = {split: Predictions.load(folder_of(folder, split)) for split in _splits(folder)}
    ious = options.iou_grid if found[VAL].raw.needs_nms else (DEFAULT.iou,)
    by_iou = {iou: match_at(found[VAL], iou) for iou in ious}
    choice = choose(options, by_iou)
    shown = {VAL: by_iou[choice.iou], **{split: match_at(found[split], choice.iou) for split in found if split != VAL}}
    default = {
        split: shown[split] if choice.iou == DEFAULT.iou else match_at(found[split], DEFAULT.iou) for split in found
    }
    calibration = {
        split: reliability(each.records, each.kept(choice.point or DEFAULT)) for split, each in shown.items()
    }
    return TuneOutcome(
        options=options,
        evaluation=evaluation,
        threshold=threshold_of(
            options,
            choice,
            shown=shown,
            default=default,
            calibration=calibration,
            corrupted=_corrupted(folder, choice.point),
            ultralytics=evaluation.ultralytics.last,
        ),
        point=choice.point,
        views=shown,
        default_views=default,
        curves={split: sweep(each.records, FLOOR) for split, each in shown.items()},
        calibration=calibration,
        data_root=job.data.folder,
        folder=job.folder,
    )


def _splits(folder: Path) -> list[str]:
    """Val, and test where there is one."""
    return [VAL, TEST] if folder_of(folder, TEST).is_dir() else [VAL]


def _corrupted(folder: Path, point: OperatingPoint | None) -> dict[str, MatchedDetections]:
    """The detections at the point's NMS IoU under each corruption; none where there is no point."""
    if point is None:
        return {}
    return {
        name: match_at(Predictions.load(folder_of(folder, CORRUPTED, name)), point.iou)
        for name in corruptions_in(folder)
    }
