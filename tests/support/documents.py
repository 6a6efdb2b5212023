"""The documents that stages leave, made up: a fair model. Change a part with `dataclasses.replace`."""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from src.core.interval import Interval
from src.documents.confirmation import Advantage, ConfirmationDocument, ConfirmedSetting
from src.documents.decision import Acceptance, Candidate, Decision, Verdict
from src.documents.document import Document
from src.documents.evaluation import (
    AveragePrecisions,
    Corrupted,
    ErrorCounts,
    EvaluatedData,
    EvaluatedSplit,
    Evaluation,
    ModelSize,
    UltralyticsMetrics,
)
from src.documents.evidence import Evidence
from src.documents.findings import Finding, Status
from src.documents.gates import Comparison, Gate, JudgedGate, Judgement, Measurement
from src.documents.latency import Latency, OnnxDifference, Percentiles, RuntimeLatency
from src.documents.manifest import BoxSizes, Manifest, Source, SplitSummary
from src.documents.metrics import Metrics, PointMetrics
from src.documents.monitor import (
    CalibratedScores,
    Canary,
    LabelledWindow,
    Monitor,
    MonitoringReference,
    Outcome,
    StatisticChange,
    StrangePicture,
    WatchedWindow,
)
from src.documents.splits import BySplit, DataSet, SplitCounts
from src.documents.threshold import (
    Calibration,
    ChosenPoint,
    NearestPoint,
    OnTest,
    OnVal,
    PointErrors,
    Threshold,
    UltralyticsPoint,
)
from src.documents.training import Training

RUN_ID = "0123456789abcdef0123456789abcdef"
DATA = DataSet("people", "d" * 64)
WEIGHTS_SHA256 = "a" * 64
ERRORS = ErrorCounts(missed=3, background=3, duplicate=3, localisation=3, wrong_class=3)
UNDEFINED = Interval(math.nan, math.nan, math.nan)
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)


def about(estimate: float, half_width: float = 0.03) -> Interval:
    """An interval around an estimate."""
    return Interval(estimate, estimate - half_width, estimate + half_width)


def manifest() -> Manifest:
    """Of the stage prepare."""
    sizes = BoxSizes(small=1, medium=2, large=3, quantiles_px={"0": 8.0, "1": 200.5})
    return Manifest(
        name=DATA.name,
        digest=DATA.digest,
        source=Source("archive", {"url": "https://example.org/people.zip"}),
        classes=("person",),
        splits={name: SplitSummary(10, 6, 5, {"person": 6}, sizes) for name in ("train", "val", "test")},
        near_duplicates=(("train/a.jpg", "val/b.jpg"),),
        groups={"train/a": "walk-1"},
        recipe={"resize": None, "classes": ["person"]},
        files={"images/train/a.jpg": "b" * 64},
    )


def training() -> Training:
    """Of the stage train."""
    return Training(
        run_id=RUN_ID,
        data=DATA,
        start="yolov8n.pt",
        imgsz=416,
        epochs=60,
        epochs_run=60,
        best_epoch=41,
        optimizer_steps=720,
        batches_per_epoch=12,
        seconds=634.2,
        flags=(),
        arguments={"train.imgsz": 416, "train.lr0": 0.002, "train.optimizer": "AdamW", "train.cache": True},
    )


def split(images: int, map50: float, map50_95: float, classes: tuple[str, ...] = ("person",)) -> EvaluatedSplit:
    """What a model does on one split."""
    return EvaluatedSplit(
        images=images,
        boxes=2 * images,
        metrics=Metrics(
            map50=about(map50),
            map50_95=about(map50_95, 0.02),
            precision=about(0.8, 0.05),
            recall=about(0.7, 0.05),
            f1=about(0.75, 0.05),
        ),
        per_class={name: AveragePrecisions(map50, map50_95, 2 * images) for name in classes},
        per_size={size: AveragePrecisions(map50, map50_95, images) for size in ("small", "medium", "large")},
        rare_classes=(),
        errors=ERRORS,
        confusion=((90, 3), (9, 0)),
    )


def evaluation() -> Evaluation:
    """Of the stage evaluate."""
    counts = {"train": 2000, "val": 400, "test": 500}
    difference = Metrics(
        map50=about(0.21),
        map50_95=about(0.20),
        precision=about(0.1),
        recall=about(0.1),
        f1=about(0.1),
    )
    return Evaluation(
        run_id=RUN_ID,
        weights=Path("outputs/pipeline/train/weights/best.pt"),
        weights_sha256=WEIGHTS_SHA256,
        data=EvaluatedData(
            DATA.name, DATA.digest, {name: SplitCounts(images, 2 * images, 10) for name, images in counts.items()}
        ),
        model=ModelSize(parameters=3_011_043, gflops=8.2, weights_mb=6.2, onnx_mb=12.3, imgsz=416),
        splits=BySplit(val=split(400, 0.84, 0.62), test=split(500, 0.82, 0.61)),
        untrained=BySplit(val=split(400, 0.62, 0.42), test=split(500, 0.61, 0.41)),
        difference=BySplit(val=difference, test=difference),
        robustness={
            "night": Corrupted("gamma 3", about(0.70, 0.04), about(0.6, 0.1)),
            "fog": Corrupted("0.5", about(0.75, 0.04), about(0.7, 0.1)),
        },
        ultralytics=BySplit(
            val=UltralyticsMetrics(precision=0.79, recall=0.74, map50=0.82, map50_95=0.61),
            test=UltralyticsMetrics(precision=0.79, recall=0.74, map50=0.82, map50_95=0.61),
        ),
        cross_validation=None,
    )


def runtime(p95: Interval, throughput: Interval, images: int = 200) -> RuntimeLatency:
    """How long one image takes."""
    durations = Percentiles(p50=20.0, p95=24.0, p99=30.0)
    return RuntimeLatency(durations, durations, durations, durations, p95, throughput, images)


def latency() -> Latency:
    """Of the stage evaluate."""
    p95 = Interval(24.0, 22.0, 27.0)
    return Latency(
        device="cpu (2 threads)",
        pytorch=runtime(p95, about(48.0, 2)),
        onnx=runtime(p95, about(61.0, 2)),
        onnx_difference=OnnxDifference(boxes_px=0.002, scores=0.0001),
    )


def point(precision: float, recall: float, f1: float, half_width: float = 0.03) -> PointMetrics:
    """Metrics at an operating point."""
    return PointMetrics(about(precision, half_width), about(recall, half_width), about(f1, half_width))


def threshold() -> Threshold:
    """Of the stage tune_threshold."""
    return Threshold(
        criterion="F1",
        chosen=ChosenPoint(
            score=0.31,
            score_interval=Interval(0.31, 0.24, 0.39),
            iou=0.6,
            iou_shares={"0.6": 0.9, "0.7": 0.1},
            feasible_share=1.0,
            per_class=None,
        ),
        reason=None,
        nearest=None,
        val=OnVal(point(0.84, 0.80, 0.82), images=400, boxes=800),
        test=OnTest(
            tuned=point(0.82, 0.78, 0.80),
            default=point(0.75, 0.79, 0.77),
            difference=point(0.07, -0.01, 0.03, half_width=0.02),
            all_classes=None,
            per_class_difference=None,
            images=500,
            boxes=1000,
        ),
        ultralytics=UltralyticsPoint(precision=0.79, recall=0.74),
        robustness={
            "night": PointMetrics(about(0.80, 0.04), about(0.66, 0.04), about(0.72, 0.04)),
            "fog": PointMetrics(about(0.78, 0.04), Interval(0.70, 0.61, 0.79), about(0.74, 0.04)),
        },
        calibration=BySplit(val=Calibration(0.05, 0.04), test=Calibration(0.06, 0.05)),
        errors=PointErrors(tuned=ERRORS, default=ERRORS),
    )


def gate(name: str = "F1", judgement: Judgement = Judgement.PASSED) -> JudgedGate:
    """A gate that asks for more than 0.6."""
    return JudgedGate(
        Gate(name, f"test/{name}", Comparison.MORE_THAN, 0.6),
        Measurement(about(0.8, 0.1), samples=500),
        judgement,
        "All of the interval fulfils the gate.",
    )


def decision() -> Decision:
    """Of the stage decide."""
    chosen = threshold().chosen
    assert chosen is not None
    return Decision(
        verdict=Verdict(Acceptance.ACCEPTED, ("1 of 1 gates passed.",), ("Deploy it.",)),
        gates=(gate(),),
        checks=(Finding("training_flags", "The training raised no flag", Status.OK, "It has no flag."),),
        candidate=Candidate(
            run_id=RUN_ID,
            study="people",
            trial=7,
            start="yolov8n.pt",
            data=DATA,
            weights_sha256=WEIGHTS_SHA256,
            parameters=training().arguments,
            threshold=chosen.score,
            iou=chosen.iou,
        ),
        pro=("Gate passed: F1.",),
        contra=(),
        comparison=None,
        no_comparison="The configuration was not frozen from a study, so that there are no runners-up.",
    )


def confirmation() -> ConfirmationDocument:
    """Of the command confirm."""

    def setting(trial: int, mean: float, advantage: Advantage | None) -> ConfirmedSetting:
        return ConfirmedSetting(
            trial=trial,
            params={"train.lr0": 0.01 * (trial + 1)},
            searched=0.7,
            values={"100": mean - 0.01, "101": mean + 0.01},
            mean=mean,
            std=0.014,
            n=2,
            score=mean - 0.01,
            winner_is_better_by=advantage,
        )

    return ConfirmationDocument(
        study="people",
        metric="val/mAP50-95",
        judged_by="test/mAP50-95",
        seeds=(100, 101),
        replaced_seeds=(),
        winner=4,
        survived=False,
        settings=(setting(7, 0.60, Advantage(about(0.03), 0.97, ("images", "seeds"))), setting(4, 0.63, None)),
        over_untrained=Advantage(about(0.2), 1.0, ("images", "seeds")),
    )


def infeasible() -> Threshold:
    """Of the stage tune_threshold, where no threshold satisfies the criterion."""
    found = threshold()
    assert found.test is not None
    return replace(
        found,
        chosen=None,
        reason="Precision stays below 0.9.",
        nearest=NearestPoint(score=0.8123, iou=0.7, precision=0.85, recall=0.1, f1=0.179, false_alarms_per_image=0.02),
        val=None,
        test=replace(found.test, tuned=None, difference=None),
        robustness={},
        errors=PointErrors(tuned=None, default=ERRORS),
    )


def evidence() -> Evidence:
    """The documents before the decision."""
    return Evidence(training(), evaluation(), threshold(), latency())


def without_test() -> Evidence:
    """The same where there is neither a test split nor an export, and the starting weights were not evaluated."""
    found = evaluation()
    return Evidence(
        training(),
        replace(
            found,
            splits=BySplit(val=found.splits.val),
            untrained=BySplit(),
            difference=BySplit(),
            robustness={},
            ultralytics=BySplit(val=found.ultralytics.val),
        ),
        replace(threshold(), test=None, robustness={}, calibration=BySplit(val=Calibration(0.05, 0.04))),
        replace(latency(), onnx=None, onnx_difference=None),
    )


def write_stages(root: Path, **replaced: Document | None) -> None:
    """Write the documents and a plot of the three stages before the decision.

    Args:
        root: Where the folders of the stages go.
        replaced: Other documents in the place of those of this module, by its functions' names; None leaves one out.
    """
    written: Mapping[str, Document | None] = {
        "training": training(),
        "evaluation": evaluation(),
        "latency": latency(),
        "threshold": threshold(),
        **replaced,
    }
    for document in written.values():
        if document is not None:
            document.write(root / document.STAGE)
    for name in ("tune_threshold/plots/precision_recall.png", "evaluate/plots/errors.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PNG)


def monitoring_reference() -> MonitoringReference:
    """Of the command promote."""
    return MonitoringReference(
        made_from="val and test of people, 3 scenes",
        statistics={"brightness": (0.4, 0.5, 0.6), "score": (0.8, None, 0.9)},
        calibration=CalibratedScores((0.3, 0.6), (0.5, 0.9)),
        counts=((3, 2, 2), (1, 1, 2), (0, 0, 1)),
        power={"jpeg": 0.1, "night": 1.0},
        power_scenes=50,
    )


def monitor() -> Monitor:
    """Of the command monitor: an alarm, with labels and a version on trial."""
    metrics = PointMetrics(about(0.9), about(0.6), about(0.72))
    difference = PointMetrics(about(0.0), about(0.1), about(0.06))
    return Monitor(
        name="people",
        alias="production",
        number=3,
        outcome=Outcome.ALARM,
        reasons=("brightness has moved: median 0.1 for 0.5 of the reference",),
        window=WatchedWindow("night", 60, 50, "2026-11-26T20:00:00+00:00", "2026-11-27T04:00:00+00:00", ("half.jpg",)),
        reference=monitoring_reference().made_from,
        changes=(
            StatisticChange("brightness", 0.5, 0.1, 1.0, 1e-9, True),
            StatisticChange("score", 0.85, None, None, None, False),
        ),
        precision=about(0.88),
        strangest=(StrangePicture("a.jpg", "brightness", 0.05, 4.5),),
        labelled=LabelledWindow(
            pictures=40,
            scenes=35,
            metrics=metrics,
            reference=PointMetrics(about(0.9), about(0.8), about(0.85)),
            change=PointMetrics(about(0.0), about(-0.2), about(-0.13)),
            fallen=("recall", "F1"),
            canary=Canary("staging", 4, metrics, difference, {"0.05": 15}),
        ),
        power={"jpeg": 0.1, "night": 1.0},
        power_scenes=50,
    )
