"""What monitoring found as a text file for Prometheus: node_exporter's textfile collector reads such files."""

import math

from prometheus_client import CollectorRegistry, Gauge, generate_latest

from src.documents.monitor import Monitor, Outcome


def as_text(document: Monitor, time_s: float) -> str:
    """The figures in Prometheus' text format.

    Args:
        document: What was found.
        time_s: When, in seconds since the epoch.
    """
    registry = CollectorRegistry()
    which = {"name": document.name, "alias": document.alias, "version": str(document.number)}

    def gauge(name: str, what: str, value: float | None, **labels: str) -> None:
        if value is not None and not math.isnan(value):  # a figure that is not known is left out
            made = known.get(name) or Gauge(f"detector_monitor_{name}", what, [*which, *labels], registry=registry)
            known[name] = made
            made.labels(**which, **labels).set(value)

    known: dict[str, Gauge] = {}
    gauge("alarm", "1 for an alarm.", float(document.outcome is Outcome.ALARM))
    gauge("too_few", "1 for too few scenes to say anything.", float(document.outcome is Outcome.TOO_FEW))
    gauge("time_seconds", "When pictures were last looked at.", time_s)
    gauge("scenes", "Scenes in the window.", float(document.window.scenes))
    gauge("pictures", "Pictures in the window.", float(document.window.pictures))
    gauge("unreadable", "Files that cannot be read.", float(len(document.window.unreadable)))
    if document.precision is not None:
        gauge("estimated_precision", "As the scores let one expect it.", document.precision.estimate)
    for change in document.changes:
        gauge("distance", "From the reference, 0 to 1.", change.distance, statistic=change.name)
        gauge("moved", "1 where it is another distribution.", float(change.has_moved), statistic=change.name)
    if document.labelled is not None:
        for name, value in document.labelled.metrics.by_name().items():
            gauge("labelled", "On labelled pictures.", value.estimate, metric=name)
    text: str = generate_latest(registry).decode()
    return text
