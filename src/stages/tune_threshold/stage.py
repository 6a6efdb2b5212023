"""The stage `tune_threshold`: the operating point, chosen exactly on val and evaluated once on test."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.core.detections import DEFAULT_CONFIDENCE, DEFAULT_IOU, FLOOR
from src.core.errors import DataError
from src.core.interval import Interval, image_weights
from src.data.options import DataOptions
from src.documents.predictions import CORRUPTED, TEST, VAL, Predictions, corruptions_in, folder_of
from src.mlflow.options import TrackingOptions
from src.passes.matched import MatchedDetections, match_at
from src.thresholds.bootstrap import Reselection, reselect
from src.thresholds.calibration import Reliability, reliability
from src.thresholds.curve import CountsByThreshold, sweep
from src.thresholds.operating_point import OperatingPoint, differences
from src.thresholds.options import ThresholdOptions
from src.thresholds.per_class import ClassThreshold, per_class
from src.thresholds.select import Selection, preferred, select

DEFAULT = OperatingPoint(iou=DEFAULT_IOU, score=DEFAULT_CONFIDENCE)
EVALUATION = "evaluation.json"
INFEASIBLE = 3  # the program's exit status where no threshold satisfies the criterion's constraint

Figures = Mapping[str, Interval]


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
class OnTest:
    """What the operating points do on the test split.

    Attributes:
        tuned: Figures at the chosen point; None where none was chosen.
        default: Figures at confidence 0.25 and NMS IoU 0.7.
        difference: By how much the chosen point is better than the default, on the same resamples.
        all_classes: Figures with one threshold for all classes, where classes have their own.
        per_class_difference: By how much thresholds per class are better than that.
    """

    tuned: Figures | None
    default: Figures
    difference: Figures | None
    all_classes: Figures | None
    per_class_difference: Figures | None


@dataclass(frozen=True, eq=False)
class TuneOutcome:
    """What the choice of a threshold yields.

    Attributes:
        options: What was asked for.
        evaluation: The content of `evaluation.json`.
        selection: The choice on val, or why there is none.
        point: The operating point that was frozen; None where there is none.
        reselection: How sure its threshold is; None where there is none.
        classes: The threshold of each class by name; None where one is for all.
        val: Figures on val at the point; None where there is none.
        test: None where there is no test split.
        robustness: Figures at the point under each corruption.
        views: By split, the detections at the point's NMS IoU; where there is no point, at that of the nearest one.
        default_views: By split, those at the default NMS IoU.
        curves: By split, of the views.
        calibration: By split, likewise.
        data_root: The folder that images lie in.
        folder: Where everything is written.
    """

    options: ThresholdOptions
    evaluation: Mapping[str, Any]
    selection: Selection
    point: OperatingPoint | None
    reselection: Reselection | None
    classes: Mapping[str, ClassThreshold] | None
    val: Figures | None
    test: OnTest | None
    robustness: Mapping[str, Figures]
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


def tune_threshold(job: TuneJob) -> TuneOutcome:
    """Choose the operating point on val, freeze it, and evaluate it once on test.

    Raises:
        DataError: there is no evaluation, or its files are damaged.
    """
    options = job.threshold
    folder = Path(options.evaluation)
    evaluation = _evaluation(folder)
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
    return TuneOutcome(
        options=options,
        evaluation=evaluation,
        selection=selection,
        point=point,
        reselection=_reselected(options, selection, by_iou, curves),
        classes=None if classes is None else dict(zip(found[VAL].truth.class_names, classes, strict=True)),
        val=_figures(options, views[VAL], point),
        test=_on_test(options, views[TEST], default_views[TEST], point) if TEST in found else None,
        robustness=_robustness(options, folder, point),
        views=views,
        default_views=default_views,
        curves={split: sweep(each.records, FLOOR) for split, each in views.items()},
        calibration={split: reliability(each.records, each.kept(point or DEFAULT)) for split, each in views.items()},
        data_root=job.data.folder,
        folder=job.folder,
    )


def _evaluation(folder: Path) -> dict[str, Any]:
    try:
        content: dict[str, Any] = json.loads((folder / EVALUATION).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(
            f"There is no finished evaluation in {folder} ({EVALUATION} is missing). Name the folder of one with"
            " threshold.evaluation=…, or run `python -m src.evaluate` first."
        ) from None
    except ValueError as error:
        raise DataError(f"{folder / EVALUATION}: damaged ({error}); run `python -m src.evaluate` again.") from error
    return content


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


def _reselected(
    options: ThresholdOptions,
    selection: Selection,
    by_iou: Mapping[float, MatchedDetections],
    curves: Mapping[float, CountsByThreshold],
) -> Reselection | None:
    if selection.point is None:
        return None
    detections = {iou: each.records for iou, each in by_iou.items()}
    images = next(iter(detections.values())).image_count
    weights = image_weights(images, options.resamples, options.seed)
    return reselect(detections, curves, options.rule, chosen=selection.point.score, weights=weights)


def _figures(options: ThresholdOptions, of: MatchedDetections, point: OperatingPoint | None) -> Figures | None:
    if point is None:
        return None
    return of.figures(point, image_weights(of.truth.image_count, options.resamples, options.seed))


def _on_test(
    options: ThresholdOptions, tuned: MatchedDetections, default: MatchedDetections, point: OperatingPoint | None
) -> OnTest:
    weights = image_weights(tuned.truth.image_count, options.resamples, options.seed)
    at_default = default.figures(DEFAULT, weights)
    if point is None:
        return OnTest(None, at_default, None, None, None)
    figures = tuned.figures(point, weights)
    difference = differences(tuned.counts(point), default.counts(DEFAULT), weights)
    if point.class_scores is None:
        return OnTest(figures, at_default, difference, None, None)
    one_for_all = OperatingPoint(point.iou, point.score)
    over_one = differences(tuned.counts(point), tuned.counts(one_for_all), weights)
    return OnTest(figures, at_default, difference, tuned.figures(one_for_all, weights), over_one)


def _robustness(options: ThresholdOptions, folder: Path, point: OperatingPoint | None) -> dict[str, Figures]:
    if point is None:
        return {}
    robustness: dict[str, Figures] = {}
    for name in corruptions_in(folder):
        of = match_at(Predictions.load(folder_of(folder, CORRUPTED, name)), point.iou)
        robustness[name] = of.figures(point, image_weights(of.truth.image_count, options.resamples, options.seed))
    return robustness
