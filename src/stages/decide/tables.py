"""The tables of the decision's page."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from src.core.interval import Interval
from src.decision.figures import Evidence, as_interval, machine
from src.decision.gates import UNKNOWN, JudgedGate, Judgement, round_up
from src.decision.options import BACKENDS
from src.documents.findings import Finding, Status
from src.render.table import Row, Strip, Table, Tone, numbers, texts
from src.study.comparison import Comparison, Setting

DEFAULT_IOU = 0.7  # of the NMS, where the evaluation takes its figures
_GATE_TONES = {Judgement.PASSED: Tone.GOOD, Judgement.FAILED: Tone.BAD, Judgement.UNDECIDED: Tone.UNSURE}
_CHECK_TONES = {Status.OK: Tone.GOOD, Status.WARNING: Tone.UNSURE, Status.UNKNOWN: Tone.NONE}
_MEANS = ("mAP50", "mAP50-95")
_POINT = ("precision", "recall", "F1")
_RUNNERS_UP = 8  # shown; the others are counted


def said(facts: dict[str, Any] | None, spec: str = ".3f") -> str:
    """An interval as the stages write it, as text."""
    value = as_interval(facts)
    return UNKNOWN if value is None else _interval(value, spec)


def gates_table(gates: Sequence[JudgedGate]) -> Table:
    """The limits, what was measured, and what follows."""
    rows = tuple(_gate(judged) for judged in gates)
    columns = (*texts("judgement", "gate", "limit"), *numbers("figure", "measured on", "needed"), *texts("remark"))
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


def figures_table(evidence: Evidence) -> Table:
    """The candidate on the test split, at its own threshold and at the default, beside the untrained weights."""
    trained, untrained = (
        evidence.find("evaluation", *part, "test", "metrics") for part in (("splits",), ("untrained",))
    )
    tuned, default = (evidence.find("threshold", "test", point) for point in ("tuned", "default"))
    score, iou = (evidence.find("threshold", key) for key in ("score", "iou"))
    at = "" if score is None else f" {score:.3g}, NMS IoU {iou}"
    difference = evidence.find("evaluation", "difference", "test")
    ultralytics = evidence.find("evaluation", "ultralytics", "test")
    rows = [
        _figures(f"candidate at its threshold{at}", trained if iou == DEFAULT_IOU else None, tuned, Tone.CANDIDATE),
        _figures(f"candidate at the default 0.25, NMS IoU {DEFAULT_IOU}", trained, default),
    ]
    if ultralytics:
        cells = tuple(_plain(ultralytics.get(name)) for name in (*_MEANS, "precision", "recall"))
        rows.append(Row(("candidate as Ultralytics reports it", *cells, UNKNOWN)))
    rows.append(_figures("untrained weights at 0.25", untrained, untrained))
    rows.append(_figures("candidate - untrained, paired", difference, None, spec="+.3f"))
    return Table(
        (*texts(""), *numbers(*_MEANS, *_POINT)),
        tuple(rows),
        (
            "In brackets 95 % intervals over images (percentile bootstrap). mAP is that of all thresholds, at NMS IoU"
            f" {DEFAULT_IOU}.",
        ),
    )


def study_table(comparison: Comparison | str) -> Table | str:
    """The candidate's setting and the best of the others."""
    if isinstance(comparison, str):
        return comparison
    shown = [(i, s) for i, s in enumerate(comparison.settings) if i < _RUNNERS_UP or i == comparison.candidate]
    rows = [_setting(place, setting, comparison.candidate) for place, setting in shown]
    if comparison.untrained is not None:
        low, high = comparison.untrained
        text = f"{low:.4f}" if low == high else f"{low:.4f} to {high:.4f}"
        rows.append(Row((UNKNOWN, "untrained weights", UNKNOWN, text, UNKNOWN, "", UNKNOWN)))
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
    """What the figures cost in time and size, for each runtime."""
    quality = (
        said(evidence.find("evaluation", "splits", "test", "metrics", "mAP50-95")),
        said(evidence.find("threshold", "test", "tuned", "F1")),
    )
    rows = tuple(_runtime(evidence, backend, quality) for backend in BACKENDS)
    columns = numbers("mAP50-95", "F1", "p95 ms", "images/s", "compute-s per 1000", "MB")
    return Table((*texts("runtime"), *columns), rows, _costs(evidence))


def robustness_table(evidence: Evidence) -> Table | None:
    """The test set under each corruption; None where none was tried."""
    corrupted = evidence.find("evaluation", "robustness")
    if not corrupted:
        return None
    tuned = evidence.find("threshold", "robustness") or {}
    split = "test" if evidence.find("evaluation", "splits", "test") else "val"
    point = evidence.find("threshold", "test", "tuned") if split == "test" else evidence.find("threshold", "val")
    clean = Row(
        (
            "(clean)",
            f"{split} as it is",
            said(evidence.find("evaluation", "splits", split, "metrics", "mAP50")),
            said((point or {}).get("recall")),
            said((point or {}).get("precision")),
        ),
        Tone.CANDIDATE,
    )
    rows = tuple(
        Row(
            (
                name,
                str(facts.get("severity") or UNKNOWN),
                said(facts.get("mAP50")),
                said(tuned.get(name, {}).get("recall")),
                said(tuned.get(name, {}).get("precision")),
            )
        )
        for name, facts in corrupted.items()
    )
    columns = (*texts("corruption", "severity"), *numbers("mAP50", "recall", "precision"))
    return Table(columns, (clean, *rows), (f"Of {split}; recall and precision at the tuned threshold.",))


def _gate(judged: JudgedGate) -> Row:
    value, limit = judged.figure.value, judged.gate.limit
    strip = None
    if value is not None and math.isfinite(value.low + value.high):
        strip = Strip.of(value.low, value.estimate, value.high, limit)
    needed = judged.samples_needed
    # what an interval and a limit say needs no words
    remark = judged.reason if value is None else judged.figure.remark or ""
    return Row(
        (
            str(judged.judgement),
            judged.gate.name,
            str(judged.gate),
            str(judged.figure),
            UNKNOWN if judged.figure.samples is None else f"{judged.figure.samples:,} {judged.figure.of}",
            UNKNOWN if needed is None else f"about {round_up(needed):,}",
            remark,
        ),
        _GATE_TONES[judged.judgement],
        strip,
    )


def _figures(
    name: str, means: dict[str, Any] | None, point: dict[str, Any] | None, tone: Tone = Tone.NONE, spec: str = ".3f"
) -> Row:
    cells = [said((means or {}).get(metric), spec) for metric in _MEANS]
    return Row((name, *cells, *(said((point or {}).get(metric), spec) for metric in _POINT)), tone)


def _setting(place: int, setting: Setting, candidate: int | None) -> Row:
    varied = ", ".join(f"{name.removeprefix('train.')}={value}" for name, value in setting.varied.items())
    mean = f"{setting.mean:.4f}" + (f" ± {setting.std:.4f}" if setting.std is not None else "")
    noise = {None: "", True: "yes", False: "no"}[setting.within_noise]
    return Row(
        (
            str(place + 1),
            (varied or "the only one") + (" (candidate)" if place == candidate else ""),
            str(len(setting.trials)),
            mean,
            UNKNOWN if setting.difference is None else f"{setting.difference:+.4f}",
            noise,
            UNKNOWN if setting.seconds is None else f"{setting.seconds:.0f}",
        ),
        Tone.CANDIDATE if place == candidate else Tone.NONE,
    )


def _runtime(evidence: Evidence, backend: str, quality: tuple[str, str]) -> Row:
    frames = evidence.find("latency", backend, "throughput_fps")
    size = evidence.find("evaluation", "model", "weights_mb" if backend == "pytorch" else "onnx_mb")
    cells = (
        backend + (" (judged)" if backend == evidence.backend else ""),
        *quality,
        said(evidence.find("latency", backend, "p95_interval"), ".1f"),
        UNKNOWN if frames is None else f"{frames:.1f}",
        UNKNOWN if not frames else f"{1000 / frames:.1f}",
        UNKNOWN if size is None else f"{size:.1f}",
    )
    return Row(cells, Tone.CANDIDATE if backend == evidence.backend else Tone.NONE)


def _costs(evidence: Evidence) -> tuple[str, ...]:
    parameters, gflops, imgsz = (evidence.find("evaluation", "model", key) for key in ("parameters", "gflops", "imgsz"))
    seconds = evidence.find("training", "seconds")
    notes = []
    if parameters is not None and gflops is not None:
        notes.append(f"{parameters:,} parameters, {gflops:.1f} GFLOPs an image at imgsz {imgsz}.")
    timed_on = {name: machine(evidence, name) for name in BACKENDS if evidence.find("latency", name)}
    if timed_on:
        places = "; ".join(f"{name} on {place}" for name, place in timed_on.items())
        notes.append(f"Timed one image at a time: {places}. Compute-seconds per 1000 images are seconds on that.")
    if seconds is not None:
        notes.append(f"The training took {seconds:,.0f} s.")
    boxes, scores = (evidence.find("latency", "onnx_difference", key) for key in ("boxes_px", "scores"))
    if boxes is not None and scores is not None:
        notes.append(
            f"The figures are PyTorch's; ONNX differs by at most {boxes:.2g} pixels and {scores:.2g} in the score."
        )
    return tuple(notes)


def _interval(value: Interval, spec: str) -> str:
    if math.isnan(value.low) or math.isnan(value.high):
        return f"{format(value.estimate, spec)} [{UNKNOWN}]"
    return format(value, spec)


def _plain(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.3f}"
