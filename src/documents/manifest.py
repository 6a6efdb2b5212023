"""What the stage prepare says about a data set."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from src.documents.document import Document
from src.documents.splits import SplitCounts


@dataclass(frozen=True)
class Source:
    """Where a data set came from.

    Attributes:
        kind: The kind of source, such as `yolo`.
        facts: What the source says about itself.
    """

    kind: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class BoxSizes:
    """How large boxes are: square roots of their areas in pixels of the prepared images.

    Attributes:
        small: How many are below COCO's limit of 32.
        medium: How many are from 32 to 96.
        large: How many are larger.
        quantiles_px: Sizes by the share of the boxes that are no larger; empty without boxes.
    """

    small: int
    medium: int
    large: int
    quantiles_px: Mapping[str, float]


@dataclass(frozen=True)
class SplitSummary(SplitCounts):
    """What a split holds.

    Attributes:
        boxes_per_class: By class, in the order of their ids.
        box_sizes: How large they are.
    """

    boxes_per_class: Mapping[str, int]
    box_sizes: BoxSizes

    @property
    def counts(self) -> SplitCounts:
        """The totals alone."""
        return SplitCounts(self.images, self.boxes, self.backgrounds)


@dataclass(frozen=True)
class Manifest(Document):
    """`manifest.json` of a prepared data set; one of another version is made anew.

    Attributes:
        name: What the user calls it.
        digest: SHA-256 over all images and labels.
        source: Where it came from.
        classes: In the order of their ids.
        splits: What each holds.
        near_duplicates: As `split/name` in pairs: an image of an earlier split, and one that is nearly the same; the
            first is of all such the one that is most alike.
        groups: By `split/stem` of the prepared image, what it must stay together with; empty without `data.groups`.
        recipe: The options and contents that it was made from, to know whether it is still the right one.
        files: The SHA-256 of each image and label by its path below the data set's folder.
    """

    FILE: ClassVar[str] = "manifest.json"
    STAGE: ClassVar[str] = "prepare"
    VERSION: ClassVar[int] = 4

    name: str
    digest: str
    source: Source
    classes: tuple[str, ...]
    splits: Mapping[str, SplitSummary]
    near_duplicates: tuple[tuple[str, str], ...]
    groups: Mapping[str, str]
    recipe: Mapping[str, Any]
    files: Mapping[str, str]
