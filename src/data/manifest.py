"""The record of a prepared data set: where it came from, what is in it, and a digest over all of it."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from src.data.images import Written
from src.data.labels import Box
from src.data.sample import Sample
from src.documents.manifest import BoxSizes, SplitSummary
from src.documents.splits import SplitCounts

# COCO's own limits between small, medium and large objects.
_SMALL_PX2, _MEDIUM_PX2 = 32**2, 96**2
_QUANTILES = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)


@dataclass
class SplitContent:
    """What was written into a split, image by image.

    Attributes:
        images: the names of the sources' images.
        sizes_wh: widths and heights in pixels.
        boxes: the boxes.
        groups: by `split/stem` of the prepared image, what it must stay together with, if that is given.
        thumbnails: grey values at the size at which near duplicates are looked for, (ROWS, COLUMNS) each.
    """

    images: list[str] = field(default_factory=list)
    sizes_wh: list[tuple[int, int]] = field(default_factory=list)
    boxes: list[Sequence[Box]] = field(default_factory=list)
    groups: dict[str, str] = field(default_factory=dict)
    thumbnails: list[NDArray[np.uint8]] = field(default_factory=list)

    def add(self, sample: Sample, written: Written) -> None:
        """Count one image."""
        self.images.append(sample.name)
        self.sizes_wh.append(written.size_wh)
        self.boxes.append(sample.boxes)
        self.thumbnails.append(written.thumbnail)

    def counts(self) -> SplitCounts:
        """The totals."""
        backgrounds = sum(not boxes for boxes in self.boxes)
        return SplitCounts(len(self.boxes), sum(map(len, self.boxes)), backgrounds)

    def summary(self, class_names: Sequence[str]) -> SplitSummary:
        """Totals, boxes per class and the distribution of box sizes."""
        counts = self.counts()
        per_class = [0] * len(class_names)
        for box in (box for boxes in self.boxes for box in boxes):
            per_class[box.class_id] += 1
        return SplitSummary(
            counts.images,
            counts.boxes,
            counts.backgrounds,
            boxes_per_class=dict(zip(class_names, per_class, strict=True)),
            box_sizes=self._box_sizes(),
        )

    def _box_sizes(self) -> BoxSizes:
        areas = np.array(
            [
                box.width * width * box.height * height
                for (width, height), boxes in zip(self.sizes_wh, self.boxes, strict=True)
                for box in boxes
            ]
        )
        if not len(areas):
            return BoxSizes(0, 0, 0, {})
        quantiles = np.quantile(np.sqrt(areas), _QUANTILES)
        return BoxSizes(
            small=int((areas < _SMALL_PX2).sum()),
            medium=int(((areas >= _SMALL_PX2) & (areas < _MEDIUM_PX2)).sum()),
            large=int((areas >= _MEDIUM_PX2).sum()),
            quantiles_px={f"{q:g}": round(float(v), 2) for q, v in zip(_QUANTILES, quantiles, strict=True)},
        )


def digest_of(files: Mapping[str, str]) -> str:
    """SHA-256 of the `sha256sum`-style list of `files` (path to SHA-256), sorted by path."""
    return hashlib.sha256("".join(_lines(files)).encode()).hexdigest()


def _lines(files: Mapping[str, str]) -> Iterable[str]:
    return (f"{digest}  {path}\n" for path, digest in sorted(files.items()))
