"""The metrics that gates can ask for: by name, how each is read from the documents, and what may help where it fails.

A new metric is one entry of the list at the end.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from src.core.interval import Interval
from src.decision.gates import widened
from src.documents.evidence import Evidence
from src.documents.gates import Measurement, Samples
from src.documents.latency import RuntimeLatency
from src.documents.metrics import Metrics, PointMetrics

Measure = Callable[[Evidence], Measurement]

_TRAIN_AGAIN = "set train.epochs as the gate asks for and train again"
_OTHER_COST = "fewer or more epochs (train.epochs), or another model or image size, and train again"
_SMALLER_MODEL = "a smaller model or image size, or for latency ONNX (decide.backend=onnx)"
_AUGMENT = "add such pictures, or augmentations like the corruptions, to the training"
_GENTLER = "the training did not help; search gentler settings (train.lr0, train.epochs, train.freeze)"
_BETTER_MODEL = (
    "a better model is needed: continue the search (docs/guides/search.md), with more data or a larger model"
)


@dataclass(frozen=True)
class Metric:
    """A metric that a gate can ask for.

    Attributes:
        name: What users call it.
        measure: Its value, from the documents.
        remedy: What may help where a gate on it is failed.
        traded_for: The metric of the same detections that another threshold would trade for it; empty for none.
    """

    name: str
    measure: Measure
    remedy: str = _BETTER_MODEL
    traded_for: str = ""


def measure(metric: str, evidence: Evidence) -> Measurement:
    """The value of a metric.

    Args:
        metric: One of `METRICS`.
        evidence: What the stages measured.
    """
    return METRICS[metric].measure(evidence)


def known(value: Interval) -> Interval | None:
    """An interval; None where its metric is not defined."""
    return None if math.isnan(value.estimate) else value


def _tuned(read: Callable[[PointMetrics], Interval]) -> Measure:
    def measure(evidence: Evidence) -> Measurement:
        threshold = evidence.threshold
        if threshold.chosen is None:
            return Measurement.unknown("no threshold fulfils the criterion that tune_threshold was given.")
        if threshold.test is None or threshold.test.tuned is None or known(threshold.test.tuned.recall) is None:
            return Measurement.unknown("nothing was measured on a test split at the tuned threshold.")
        undefined = "nothing is detected, so that it is undefined."
        return _measured(read(threshold.test.tuned), threshold.test.images, undefined)

    return measure


def _on_test(read: Callable[[Metrics], Interval]) -> Measure:
    def measure(evidence: Evidence) -> Measurement:
        why_not = "the model was not evaluated on a test split."
        if evidence.test is None:
            return Measurement.unknown(why_not)
        return _measured(read(evidence.test.metrics), evidence.test.images, why_not)

    return measure


def _over_untrained(read: Callable[[Metrics], Interval]) -> Measure:
    def measure(evidence: Evidence) -> Measurement:
        why_not = "the starting weights were not evaluated on a test split."
        difference = evidence.evaluation.difference.test
        if evidence.test is None or difference is None:
            return Measurement.unknown(why_not)
        return _measured(read(difference), evidence.test.images, why_not)

    return measure


def _worst_corruption(read: Callable[[Evidence], Mapping[str, Interval]]) -> Measure:
    """The worst of what was measured under several corruptions."""

    def measure(evidence: Evidence) -> Measurement:
        if evidence.test is None:
            return Measurement.unknown(
                "there is no test split; corrupted val pictures are those the threshold was chosen on"
            )
        found = read(evidence)
        missing = ", ".join(sorted(corruption for corruption, value in found.items() if known(value) is None))
        if missing or not found:
            return Measurement.unknown(f"nothing was measured under {missing or 'corruptions'}.")
        worst = min(found, key=lambda corruption: found[corruption].estimate)
        remark = f"worst of {len(found)} corruptions: {worst}"
        return Measurement(
            worst_of([*found.values()], evidence.test.images), samples=evidence.test.images, remark=remark
        )

    return measure


def worst_of(found: Sequence[Interval], images: int) -> Interval:
    """The worst of several intervals: all of them fulfil a lower limit exactly when this one does.

    Its ends are the lowest of the lower ends and the lowest of the upper ends, which may be of different values. The
    lowest of many upper ends is too low by luck: each is first made as much wider as makes up for that.

    Args:
        found: At least one.
        images: On how many all of them were measured.
    """
    high = min(1.0, *(widened(own, len(found), images).high for own in found))
    return Interval(min(own.estimate for own in found), min(own.low for own in found), high)


def _at_the_point(read: Callable[[PointMetrics], Interval]) -> Measure:
    return _worst_corruption(
        lambda evidence: {name: read(metrics) for name, metrics in evidence.threshold.robustness.items()}
    )


def _map50_under_corruptions(evidence: Evidence) -> Mapping[str, Interval]:
    return {name: corrupted.map50 for name, corrupted in evidence.evaluation.robustness.items()}


def _timed(what: str, read: Callable[[RuntimeLatency], Interval]) -> Measure:
    def measure(evidence: Evidence) -> Measurement:
        backend, runtime = evidence.backend, evidence.runtime
        if runtime is None:
            return Measurement.unknown(f"the {what} with {backend} was not measured.")
        remark = f"{backend} on {evidence.latency.machine(backend)}"
        return Measurement(read(runtime), samples=runtime.images, remark=remark, of=Samples.TIMINGS)

    return measure


def _counted(read: Callable[[Evidence], float]) -> Measure:
    return lambda evidence: Measurement.counted(float(read(evidence)))


def _measured(value: Interval, images: int, why_not: str) -> Measurement:
    return Measurement.unknown(why_not) if known(value) is None else Measurement(value, samples=images)


METRICS: Mapping[str, Metric] = {
    metric.name: metric
    for metric in (
        Metric("test/precision", _tuned(lambda metrics: metrics.precision), traded_for="recall"),
        Metric("test/recall", _tuned(lambda metrics: metrics.recall), traded_for="precision"),
        Metric("test/F1", _tuned(lambda metrics: metrics.f1)),
        Metric("test/mAP50", _on_test(lambda metrics: metrics.map50)),
        Metric("test/mAP50-95", _on_test(lambda metrics: metrics.map50_95)),
        Metric("over_untrained/mAP50", _over_untrained(lambda metrics: metrics.map50), _GENTLER),
        Metric("over_untrained/mAP50-95", _over_untrained(lambda metrics: metrics.map50_95), _GENTLER),
        Metric("robustness/recall", _at_the_point(lambda metrics: metrics.recall), _AUGMENT),
        Metric("robustness/precision", _at_the_point(lambda metrics: metrics.precision), _AUGMENT),
        Metric("robustness/mAP50", _worst_corruption(_map50_under_corruptions), _AUGMENT),
        Metric("latency/p95_ms", _timed("latency", lambda runtime: runtime.p95_ms), _SMALLER_MODEL),
        Metric("latency/throughput_fps", _timed("throughput", lambda runtime: runtime.throughput_fps), _SMALLER_MODEL),
        Metric("epochs", _counted(lambda evidence: evidence.training.epochs_run), _TRAIN_AGAIN),
        Metric("train/seconds", _counted(lambda evidence: evidence.training.seconds), _OTHER_COST),
        Metric("model/parameters", _counted(lambda evidence: evidence.evaluation.model.parameters), _SMALLER_MODEL),
        Metric("model/gflops", _counted(lambda evidence: evidence.evaluation.model.gflops), _SMALLER_MODEL),
        Metric("model/weights_mb", _counted(lambda evidence: evidence.evaluation.model.weights_mb), _SMALLER_MODEL),
    )
}
