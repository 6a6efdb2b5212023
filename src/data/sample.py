"""What every source delivers: labelled images, and where a message about them should point."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from src.core.errors import DataError, did_you_mean, listed
from src.data.labels import Box

_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_BYTE = 0xFF  # of a byte that is no UTF-8, Python makes a character that ends in it


@dataclass(frozen=True)
class Sample:
    """One image with its boxes.

    Attributes:
        name: path of the image within its source, with forward slashes; unique, and what the order goes by.
        image: the file.
        boxes: its labelled objects.
        split: the split that the source itself puts it in, if any.
        size_wh: width and height that the source states, in pixels, if it does.
        group: what it must stay together with, by `data.groups`, if that is given.
    """

    name: str
    image: Path
    boxes: tuple[Box, ...]
    split: str | None = None
    size_wh: tuple[int, int] | None = None
    group: str | None = None


@dataclass(frozen=True)
class SourceData:
    """All that a source has.

    Attributes:
        class_names: in the order of the ids that the boxes use.
        samples: in any order.
        facts: what the manifest should say about the source.
        root: the data set's folder; None where there is none.
    """

    class_names: tuple[str, ...]
    samples: tuple[Sample, ...]
    facts: dict[str, Any] = field(default_factory=dict)
    root: Path | None = None


def portable_name(path: str) -> str:
    """A path of an image as text that can be written everywhere: %xx for controls and bytes that are no UTF-8."""
    return _NOT_TEXT.sub(lambda match: f"%{ord(match[0]) & _BYTE:02x}", path)


class Source(Protocol):
    """Where labelled images come from."""

    def read(self, work: Path) -> SourceData:
        """Read everything; files that must be made go into the folder `work`, which is removed later.

        Raises:
            DataError: the source is missing or not what it should be.
        """
        ...


def keep_classes(data: SourceData, classes: Sequence[str]) -> SourceData:
    """`data` with only the boxes of `classes`, renumbered in their order; none given keeps all.

    Raises:
        DataError: the source has no such class.
    """
    if not classes:
        return data
    new_ids: dict[int, int] = {}
    for new_id, name in enumerate(classes):
        if name not in data.class_names:
            raise DataError(
                f"data.classes: the source has no class '{name}'.{did_you_mean(name, data.class_names)}"
                f" It has: {listed(data.class_names)}"
            )
        new_ids[data.class_names.index(name)] = new_id
    samples = (replace(sample, boxes=_renumbered(sample.boxes, new_ids)) for sample in data.samples)
    return replace(data, class_names=tuple(classes), samples=tuple(samples))


def _renumbered(boxes: Iterable[Box], new_ids: dict[int, int]) -> tuple[Box, ...]:
    return tuple(replace(box, class_id=new_ids[box.class_id]) for box in boxes if box.class_id in new_ids)
