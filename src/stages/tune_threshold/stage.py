"""The stage `tune_threshold`: the operating point, chosen exactly on val and evaluated once on test."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.detections import DEFAULT_CONFIDENCE, DEFAULT_IOU, FLOOR
from src.core.interval import image_weights
from src.data.options import DataOptions
from src.documents.evaluation import Evaluation
from src.documents.metrics import PointMetrics
from src.documents.predictions import CORRUPTED, TEST, VAL, Predictions, corruptions_in, folder_of
from src.documents.splits import BySplit
from src.documents.threshold import (
    ChosenPoint,
    ClassThreshold,
    OnTest,
    OnVal,
    PointErrors,
    Threshold,
    UltralyticsPoint,
)
from src.mlflow.options import TrackingOptions
from src.passes.matched import MatchedDetections, match_at
from src.stages.tune_threshold import document
from src.thresholds.bootstrap import reselect
from src.thresholds.calibration import Reliability, reliability
from src.thresholds.curve import CountsByThreshold, Rates, sweep
from src.thresholds.operating_point import OperatingPoint, differences, in_all
from src.thresholds.options import ThresholdOptions
from src.thresholds.per_class import per_class
from src.thresholds.select import Selection, preferred, select

DEFAULT = OperatingPoint(iou=DEFAULT_IOU, score=DEFAULT_CONFIDENCE)
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
    by_iou = {iou: match_at(found[VAL], iou) for iou in options.iou_grid}
    curves = {iou: sweep(each.records, FLOOR) for iou, each in by_iou.items()}
    selection = select(curves, options.rule)
    classes = _per_class(options, selection, by_iou)
    point = _frozen(selection, classes)
    iou = _shown_iou(options, selection)
    views = {VAL: by_iou[iou], **{split: match_at(found[split], iou) for split in found if split != VAL}}
    default_views = {
        split: views[split] if iou == DEFAULT.iou else match_at(found[split], DEFAULT.iou) for split in found
    }
    tables = {split: reliability(each.records, each.kept(point or DEFAULT)) for split, each in views.items()}
    last = list(views)[-1]
    reported = evaluation.ultralytics.last
    threshold = Threshold(
        criterion=options.rule.text,
        chosen=_chosen(options, selection, by_iou, curves, classes),
        reason=selection.reason or None,
        nearest=None if selection.nearest is None else document.nearest(selection.nearest),
        val=_on_val(options, views[VAL], point),
        test=_on_test(options, views[TEST], default_views[TEST], point) if TEST in found else None,
        ultralytics=None if reported is None else UltralyticsPoint(reported.precision, reported.recall),
        robustness=_robustness(options, folder, point),
        calibration=BySplit.of({split: document.calibration(table) for split, table in tables.items()}),
        errors=PointErrors(
            tuned=None if point is None else views[last].errors(point), default=default_views[last].errors(DEFAULT)
        ),
    )
    return TuneOutcome(
        options=options,
        evaluation=evaluation,
        threshold=threshold,
        point=point,
        views=views,
        default_views=default_views,
        curves={split: sweep(each.records, FLOOR) for split, each in views.items()},
        calibration=tables,
        data_root=job.data.folder,
        folder=job.folder,
    )


def _splits(folder: Path) -> list[str]:
    """Val, and test where there is one."""
    return [VAL, TEST] if folder_of(folder, TEST).is_dir() else [VAL]


def _per_class(
    options: ThresholdOptions, selection: Selection, by_iou: Mapping[float, MatchedDetections]
) -> tuple[ClassThreshold, ...] | None:
    if not options.per_class or selection.point is None:
        return None
    chosen = selection.point
    return per_class(
        by_iou[chosen.iou].records,
        options.rule,
        all_classes=chosen.score,
        iou=chosen.iou,
        min_positives=options.min_positives,
        floor=FLOOR,
    )


def _frozen(selection: Selection, classes: tuple[ClassThreshold, ...] | None) -> OperatingPoint | None:
    if selection.point is None:
        return None
    class_scores = None if classes is None else tuple(each.score for each in classes)
    return OperatingPoint(selection.point.iou, selection.point.score, class_scores)


def _shown_iou(options: ThresholdOptions, selection: Selection) -> float:
    point = selection.point or selection.nearest
    return preferred(options.iou_grid)[0] if point is None else point.iou


def _chosen(
    options: ThresholdOptions,
    selection: Selection,
    by_iou: Mapping[float, MatchedDetections],
    curves: Mapping[float, CountsByThreshold],
    classes: tuple[ClassThreshold, ...] | None,
) -> ChosenPoint | None:
    if selection.point is None:
        return None
    detections = {iou: each.records for iou, each in by_iou.items()}
    truth = next(iter(by_iou.values())).truth
    weights = image_weights(truth.image_count, options.resamples, options.seed)
    reselection = reselect(detections, curves, options.rule, chosen=selection.point.score, weights=weights)
    named = None if classes is None else dict(zip(truth.class_names, classes, strict=True))
    return document.chosen(selection.point, reselection, named)


def _on_val(options: ThresholdOptions, of: MatchedDetections, point: OperatingPoint | None) -> OnVal | None:
    if point is None:
        return None
    return OnVal(_metrics(options, of, point), of.truth.image_count, len(of.truth.boxes_xyxy))


def _metrics(options: ThresholdOptions, of: MatchedDetections, point: OperatingPoint) -> PointMetrics:
    return of.metrics(point, image_weights(of.truth.image_count, options.resamples, options.seed))


def _on_test(
    options: ThresholdOptions, tuned: MatchedDetections, default: MatchedDetections, point: OperatingPoint | None
) -> OnTest:
    truth = tuned.truth
    weights = image_weights(truth.image_count, options.resamples, options.seed)
    one_for_all = None
    if point is not None and point.class_scores is not None:
        one_for_all = OperatingPoint(point.iou, point.score)

    def better(of: OperatingPoint | None, other: MatchedDetections, than: OperatingPoint | None) -> PointMetrics | None:
        if of is None or than is None:
            return None
        return differences(tuned.counts(of), other.counts(than), weights)

    return OnTest(
        tuned=None if point is None else tuned.metrics(point, weights),
        default=default.metrics(DEFAULT, weights),
        difference=better(point, default, DEFAULT),
        all_classes=None if one_for_all is None else tuned.metrics(one_for_all, weights),
        per_class_difference=better(point, tuned, one_for_all),
        images=truth.image_count,
        boxes=len(truth.boxes_xyxy),
    )


def _robustness(options: ThresholdOptions, folder: Path, point: OperatingPoint | None) -> dict[str, PointMetrics]:
    if point is None:
        return {}
    return {
        name: _metrics(options, match_at(Predictions.load(folder_of(folder, CORRUPTED, name)), point.iou), point)
        for name in corruptions_in(folder)
    }
