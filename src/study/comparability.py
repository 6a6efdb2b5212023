"""Whether the values of two runs may be compared at all."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_SHOWN = 12  # characters of a digest


@dataclass(frozen=True, eq=False)
class RunFacts:
    """What decides whether a run can be compared with another one.

    Attributes:
        name: What it is called in sentences.
        digest: Of the data it was trained and evaluated on; a tracker may have cut it short. Empty where not known.
        objective: What it optimised; empty where that is not known.
        metrics: Its final metrics.
        positives: Ground truth boxes by image and class of the val split, (I, C); None where they are not available.
    """

    name: str
    digest: str
    objective: str
    metrics: Mapping[str, float]
    positives: NDArray[np.int64] | None = None

    @property
    def val_metrics(self) -> frozenset[str]:
        """The names of the metrics that say how good a model is."""
        return frozenset(name for name in self.metrics if name.startswith(("val/", "test/")))


def obstacles(a: RunFacts, b: RunFacts) -> tuple[str, ...]:
    """Why the difference of two runs' values means nothing; empty where it means something.

    Runs about which it is not known on what data they were made, are taken for comparable only if their ground truth is
    the same.
    """
    found = []
    if a.digest and b.digest and not _same(a.digest, b.digest):
        found.append(
            f"other data: {a.name} has the digest {a.digest[:_SHOWN]}…, {b.name} has {b.digest[:_SHOWN]}…; a difference"
            " would be one of the data as well"
        )
    if a.positives is not None and b.positives is not None and not np.array_equal(a.positives, b.positives):
        found.append(
            f"other ground truth on val: {a.name} was evaluated on {_counted(a.positives)}, {b.name} on"
            f" {_counted(b.positives)}, or on others of the same number"
        )
    unknown = [run.name for run in (a, b) if not run.digest]
    if unknown and (a.positives is None or b.positives is None):
        found.append(f"it is not known on what data {' and '.join(unknown)} was made")
    if a.objective and b.objective and a.objective != b.objective:
        found.append(f"other objective: {a.name} was made for {a.objective}, {b.name} for {b.objective}")
    if not a.val_metrics & b.val_metrics:
        found.append(f"no common metric on val or test: {_listed(a)}; {_listed(b)}")
    return tuple(found)


def _same(a: str, b: str) -> bool:
    """A store may keep the first 36 characters of a digest only."""
    return a.startswith(b) or b.startswith(a)


def _counted(positives: NDArray[np.int64]) -> str:
    return f"{positives.shape[0]} images with {int(positives.sum())} boxes of {positives.shape[1]} classes"


def _listed(run: RunFacts) -> str:
    return f"{run.name} has {', '.join(sorted(run.val_metrics)) or 'none'}"
