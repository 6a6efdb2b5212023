"""The tables of the decision's page."""

import math
from collections.abc import Sequence
from dataclasses import replace

from src.core.detections import DEFAULT_IOU
from src.core.interval import Interval
from src.documents.decision import ComparedSetting, StudyComparison
from src.documents.evidence import Evidence
from src.documents.findings import Finding, Status
from src.documents.gates import UNKNOWN, JudgedGate, Judgement
from src.documents.latency import Backend
from src.documents.metrics import Metrics, PointMetrics
from src.render.table import Row, Strip, Table, Tone, numbers, texts

GATE_TONES = {Judgement.PASSED: Tone.GOOD, Judgement.FAILED: Tone.BAD, Judgement.UNDECIDED: Tone.UNSURE}
_CHECK_TONES = {Status.OK: Tone.GOOD, Status.WARNING: Tone.UNSURE, Status.UNKNOWN: Tone.NONE}
_RUNNERS_UP = 8  # shown; the others are counted


def said(value: Interval | None, spec: str = ".3f") -> str:
    """An interval as text; – where it is not known."""
    if value is None or math.isnan(value.estimate):
        return UNKNOWN
    if math.isnan(value.low) or math.isnan(value.high):
        return f"{format(value.estimate, spec)} [{UNKNOWN}]"
    return format(value, spec)


def gates_table(gates: Sequence[JudgedGate]) -> Table:
    """The limits, what was measured, and what follows."""
    rows = tuple(_gate(judged) for judged in gates)
    columns = (*texts("judgement", "gate", "limit"), *numbers("value", "measured on", "needed"), *texts("remark"))
    if not any(row.cells[-1] for row in rows):
        return Table(columns[:-1], tuple(replace(row, cells=row.cells[:-1]) for row in rows))
    return Table(columns, rows)


def checks_table(findings: Sequence[Finding]) -> Table:
    """The sanity checks."""
    rows = (
        Row(
            (str(f.status), f.title, f.sentence, f.action if f.status == Status.WARNING else ""), _CHECK_TONES[f.status]
        )
        for f in findings
    )
    return Table(texts("result", "check", "found", "what to do"), tuple(rows))


def metrics_table(evidence: Evidence) -> Table:
    """The candidate on the test split, at its own threshold and at the default, beside the starting weights."""
    evaluation, threshold = evidence.evaluation, evidence.threshold
    splits = evaluation.splits.test, evaluation.untrained.test
    trained, untrained = (None if split is None else split.metrics for split in splits)
    tuned, default = (None, None) if threshold.test is None else (threshold.test.tuned, threshold.test.default)
    chosen, ultralytics = threshold.chosen, evaluation.ultralytics.test
    at = "" if chosen is None else f" {chosen.score:.3g}, NMS IoU {chosen.iou}"
    at_default_iou = chosen is not None and chosen.iou == DEFAULT_IOU
    rows = [
        _metrics(f"candidate at its threshold{at}", trained if at_default_iou else None, tuned, Tone.CANDIDATE),
        _metrics(f"candidate at the default 0.25, NMS IoU {DEFAULT_IOU}", trained, default),
    ]
    if ultralytics is not None:
        found = (ultralytics.map50, ultralytics.map50_95, ultralytics.precision, ultralytics.recall)
        cells = tuple(f"{value:.3f}" for value in found)
        rows.append(Row(("candidate as Ultralytics reports it", *cells, UNKNOWN)))
    rows.append(_metrics("starting weights at 0.25", untrained, None if untrained is None else untrained.at_default))
    rows.append(_metrics("candidate - starting weights, paired", evaluation.difference.test, None, spec="+.3f"))
    return Table(
        (*texts(""), *numbers("mAP50", "mAP50-95", "precision", "recall", "F1")),
        tuple(rows),
        (f"In brackets 95 % intervals over images. mAP is that of all thresholds, at NMS IoU {DEFAULT_IOU}.",),
    )


def study_table(comparison: StudyComparison) -> Table:
    """The candidate's setting and the best of the others."""
    shown = [(i, s) for i, s in enumerate(comparison.settings) if i < _RUNNERS_UP or i == comparison.candidate]
    rows = [_setting(place, setting, comparison.candidate) for place, setting in shown]
    if comparison.untrained is not None:
        low, high = comparison.untrained
        text = f"{low:.4f}" if low == high else f"{low:.4f} to {high:.4f}"
        rows.append(Row((UNKNOWN, "starting weights", UNKNOWN, text, UNKNOWN, "", UNKNOWN)))
    notes = [comparison.judged_by, "The luck of being the best of several comes on top of any noise."]
    if comparison.candidate is None:
        notes = ["The candidate's trial is not among the finished ones, so that there is nothing to compare with."]
    if left_out := len(comparison.settings) - len(shown):
        notes.insert(0, f"{left_out} more settings, all worse than the first {_RUNNERS_UP}, are in decision.json.")
    columns = (
        *numbers("rank"),
        *texts("setting"),
        *numbers("runs", f"{comparison.metric}, mean ± std", "difference"),
        *texts("is it noise"),
        *numbers("seconds"),
    )
    return Table(columns, tuple(rows), tuple(notes))


def tradeoff_table(evidence: Evidence) -> Table:
    """What the metrics cost in time and size, for each runtime."""
    test, on_test = evidence.test, evidence.threshold.test
    tuned = None if on_test is None else on_test.tuned
    quality = (
        said(None if test is None else test.metrics.map50_95),
        said(None if tuned is None else tuned.f1),
    )
    rows = tuple(_runtime(evidence, backend, quality) for backend in Backend)
    columns = numbers("mAP50-95", "F1", "p95 ms", "images/s", "compute-s per 1000", "MB")
    return Table((*texts("runtime"), *columns), rows, _costs(evidence))


def robustness_table(evidence: Evidence) -> Table | None:
    """The test set under each corruption; None where none was tried."""
    evaluation, threshold = evidence.evaluation, evidence.threshold
    if not evaluation.robustness:
        return None
    split, at_point = ("val", threshold.val) if evidence.test is None else ("test", threshold.test)
    point = None if at_point is None else at_point.tuned
    clean = None if evaluation.splits.last is None else evaluation.splits.last.metrics.map50
    rows = [_corruption("(clean)", f"{split} as it is", clean, point, Tone.CANDIDATE)]
    rows += [
        _corruption(name, corrupted.severity, corrupted.map50, threshold.robustness.get(name))
        for name, corrupted in evaluation.robustness.items()
    ]
    columns = (*texts("corruption", "severity"), *numbers("mAP50", "recall", "precision"))
    return Table(columns, tuple(rows), (f"Of {split}; recall and precision at the tuned threshold.",))


def _corruption(
    name: str, severity: str, map50: Interval | None, point: PointMetrics | None, tone: Tone = Tone.NONE
) -> Row:
    recall, precision = (None, None) if point is None else (point.recall, point.precision)
    return Row((name, severity, said(map50), said(recall), said(precision)), tone)


def _gate(judged: JudgedGate) -> Row:
    measurement = judged.measurement
    value, limit = measurement.value, judged.gate.limit
    strip = None
    if value is not None and math.isfinite(value.low + value.high):
        strip = Strip.of(value.low, value.estimate, value.high, limit)
    needed = judged.samples_needed
    # what an interval and a limit say needs no words
    remark = judged.reason if value is None else measurement.remark
    return Row(
        (
            str(judged.judgement),
            judged.gate.name,
            str(judged.gate),
            str(measurement),
            UNKNOWN if measurement.samples is None else f"{measurement.samples:,} {measurement.of}",
            UNKNOWN if needed is None else f"about {needed}",
            remark,
        ),
        GATE_TONES[judged.judgement],
        strip,
    )


def _metrics(
    name: str, means: Metrics | None, point: PointMetrics | None, tone: Tone = Tone.NONE, spec: str = ".3f"
) -> Row:
    values: list[Interval | None] = [None, None] if means is None else [means.map50, means.map50_95]
    values += [None, None, None] if point is None else [point.precision, point.recall, point.f1]
    return Row((name, *(said(value, spec) for value in values)), tone)


def _setting(place: int, setting: ComparedSetting, candidate: int | None) -> Row:
    varied = ", ".join(f"{name.removeprefix('train.')}={value}" for name, value in setting.parameters.items())
    mean = f"{setting.mean:.4f}" + (f" ± {setting.std:.4f}" if setting.std is not None else "")
    noise = {None: "", True: "yes", False: "no"}[setting.within_noise]
    return Row(
        (
            str(place + 1),
            (varied or "the only one") + (" (candidate)" if place == candidate else ""),
            str(len(setting.run_ids)),
            mean,
            UNKNOWN if setting.difference is None else f"{setting.difference:+.4f}",
            noise,
            UNKNOWN if setting.seconds is None else f"{setting.seconds:.0f}",
        ),
        Tone.CANDIDATE if place == candidate else Tone.NONE,
    )


def _runtime(evidence: Evidence, backend: Backend, quality: tuple[str, str]) -> Row:
    runtime, model = evidence.latency.of(backend), evidence.evaluation.model
    frames = None if runtime is None else runtime.throughput_fps.estimate
    size = model.weights_mb if backend is Backend.PYTORCH else model.onnx_mb
    cells = (
        backend + (" (judged)" if backend is evidence.backend else ""),
        *quality,
        said(None if runtime is None else runtime.p95_ms, ".1f"),
        UNKNOWN if frames is None else f"{frames:.1f}",
        UNKNOWN if not frames else f"{1000 / frames:.1f}",
        UNKNOWN if size is None else f"{size:.1f}",
    )
    return Row(cells, Tone.CANDIDATE if backend is evidence.backend else Tone.NONE)


def _costs(evidence: Evidence) -> tuple[str, ...]:
    model, latency = evidence.evaluation.model, evidence.latency
    places = "; ".join(f"{backend} on {latency.machine(backend)}" for backend, _ in latency.items())
    notes = [
        f"{model.parameters:,} parameters, {model.gflops:.1f} GFLOPs an image at imgsz {model.imgsz}.",
        f"Timed one image at a time: {places}. Compute-seconds per 1000 images are seconds on that.",
        f"The training took {evidence.training.seconds:,.0f} s.",
    ]
    if (difference := latency.onnx_difference) is not None:
        notes.append(
            f"The metrics are PyTorch's. ONNX differs by at most {difference.boxes_px:.2g} pixels and"
            f" {difference.scores:.2g} in the score."
        )
    return tuple(notes)
