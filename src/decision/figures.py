"""The figures that gates can ask for, read from what the earlier stages measured."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from src.core.interval import Interval
from src.decision.gates import Figure

Facts = Mapping[str, Any]

_NAN = float("nan")


@dataclass(frozen=True)
class Evidence:
    """What the stages before measured, as they wrote it.

    Attributes:
        training: The stage train's `training.json`.
        evaluation: The stage evaluate's `evaluation.json`.
        threshold: The stage tune_threshold's `threshold.json`.
        latency: The stage evaluate's `latency.json`; empty where latency was not measured.
        backend: Whose latency counts, `pytorch` or `onnx`.
    """

    training: Facts
    evaluation: Facts
    threshold: Facts
    latency: Facts = field(default_factory=dict)
    backend: str = "pytorch"

    def find(self, part: str, *keys: str) -> Any:
        """The value at a path of keys in one of the four parts; None where any of them is missing."""
        found: Any = getattr(self, part)
        for key in keys:
            if not isinstance(found, Mapping) or found.get(key) is None:
                return None
            found = found[key]
        return found


def figure(metric: str, evidence: Evidence) -> Figure:
    """The figure of that name.

    Args:
        metric: One of `METRICS`.
        evidence: What the stages measured.
    """
    return _READERS[metric](evidence)


def as_interval(facts: Facts | None) -> Interval | None:
    """An interval as the stages write it; unknown ends become NaN, an unknown estimate makes it None."""
    if facts is None or facts.get("estimate") is None:
        return None
    low, high = (_NAN if facts.get(end) is None else float(facts[end]) for end in ("low", "high"))
    return Interval(float(facts["estimate"]), low, high)


def _tuned(name: str) -> Callable[[Evidence], Figure]:
    def read(evidence: Evidence) -> Figure:
        if evidence.find("threshold", "feasible") is False:
            return Figure.unknown("no threshold fulfils the criterion that tune_threshold was given.")
        tuned = evidence.find("threshold", "test", "tuned") or {}
        images = evidence.find("threshold", "test", "images")
        if as_interval(tuned.get("recall")) is None:
            return Figure.unknown("there are no figures on a test split at the tuned threshold.")
        return _measured(as_interval(tuned.get(name)), images, "nothing is detected, so that it is undefined.")

    return read


def _on_test(name: str) -> Callable[[Evidence], Figure]:
    def read(evidence: Evidence) -> Figure:
        value = as_interval(evidence.find("evaluation", "splits", "test", "metrics", name))
        images = evidence.find("evaluation", "splits", "test", "images")
        return _measured(value, images, "the model was not evaluated on a test split.")

    return read


def _over_untrained(name: str) -> Callable[[Evidence], Figure]:
    def read(evidence: Evidence) -> Figure:
        value = as_interval(evidence.find("evaluation", "difference", "test", name))
        images = evidence.find("evaluation", "splits", "test", "images")
        return _measured(value, images, "the untrained weights were not evaluated on a test split.")

    return read


def _worst_corruption(part: str, name: str) -> Callable[[Evidence], Figure]:
    """The worst of several intervals: all of them fulfil a lower limit exactly when this one does.

    Its ends are the lowest of the lower ends and the lowest of the upper ends, which may be of different corruptions.
    """

    def read(evidence: Evidence) -> Figure:
        if evidence.find("evaluation", "splits", "test") is None:
            return Figure.unknown(
                "there is no test split; corrupted val pictures are those the threshold was chosen on"
            )
        found = evidence.find(part, "robustness") or {}
        values = {corruption: as_interval(facts.get(name)) for corruption, facts in found.items()}
        known = {corruption: value for corruption, value in values.items() if value is not None}
        if not known or len(known) < len(values):
            missing = ", ".join(sorted(set(values) - set(known)))
            return Figure.unknown(f"no figures under {missing or 'corruptions'}.")
        worst = min(known, key=lambda corruption: known[corruption].estimate)
        value = Interval(*np.min([(v.estimate, v.low, v.high) for v in known.values()], axis=0).tolist())
        images = evidence.find("evaluation", "splits", "test", "images")
        return Figure(value, samples=images, remark=f"worst of {len(known)} corruptions: {worst}")

    return read


def _p95(evidence: Evidence) -> Figure:
    return _timed("p95_interval", evidence) or Figure.unknown(f"the latency with {evidence.backend} was not measured.")


def _throughput(evidence: Evidence) -> Figure:
    if timed := _timed("throughput_interval", evidence):
        return timed
    frames = evidence.find("latency", evidence.backend, "throughput_fps")
    if frames is None:
        return Figure.unknown(f"the throughput with {evidence.backend} was not measured.")
    return Figure.counted(float(frames), f"{_timed_on(evidence)}; measured without an interval")


def _timed(name: str, evidence: Evidence) -> Figure | None:
    value = as_interval(evidence.find("latency", evidence.backend, name))
    timings = evidence.find("latency", evidence.backend, "images")
    return None if value is None else Figure(value, samples=timings, remark=_timed_on(evidence), of="timings")


def _counted(part: str, *keys: str) -> Callable[[Evidence], Figure]:
    def read(evidence: Evidence) -> Figure:
        value = evidence.find(part, *keys)
        return Figure.unknown(f"{part} does not say {keys[-1]}.") if value is None else Figure.counted(float(value))

    return read


def _timed_on(evidence: Evidence) -> str:
    return f"{evidence.backend} on {machine(evidence, evidence.backend)}"


def _measured(value: Interval | None, images: int | None, why_not: str) -> Figure:
    return Figure.unknown(why_not) if value is None else Figure(value, samples=images)


def machine(evidence: Evidence, backend: str) -> str:
    """What a backend was timed on."""
    device = str(evidence.find("latency", "device") or "an unnamed device")
    threads = evidence.find("latency", "threads")
    if backend == "onnx" and not device.startswith("cpu"):
        device = "the CPU"  # where ONNX Runtime is run, whatever PyTorch runs on
    return device if threads is None or "threads" in device else f"{device}, {threads} threads"


_READERS: Mapping[str, Callable[[Evidence], Figure]] = {
    **{f"test/{name}": _tuned(name) for name in ("precision", "recall", "F1")},
    **{f"test/{name}": _on_test(name) for name in ("mAP50", "mAP50-95")},
    **{f"over_untrained/{name}": _over_untrained(name) for name in ("mAP50", "mAP50-95")},
    "robustness/recall": _worst_corruption("threshold", "recall"),
    "robustness/precision": _worst_corruption("threshold", "precision"),
    "robustness/mAP50": _worst_corruption("evaluation", "mAP50"),
    "latency/p95_ms": _p95,
    "latency/throughput_fps": _throughput,
    "epochs": _counted("training", "epochs_run"),
    "train/seconds": _counted("training", "seconds"),
    **{f"model/{name}": _counted("evaluation", "model", name) for name in ("parameters", "gflops", "weights_mb")},
}

METRICS = tuple(_READERS)
