"""What there is of each split that a model is judged on, and which data it is."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")
VAL, TEST = "val", "test"


@dataclass(frozen=True)
class BySplit(Generic[T]):
    """A value of each split that is judged on.

    Attributes:
        val: Of val; None where there is none.
        test: Of test; likewise.
    """

    val: T | None = None
    test: T | None = None

    @staticmethod
    def of(values: Mapping[str, T]) -> "BySplit[T]":
        """From values by the splits' names."""
        return BySplit(values.get(VAL), values.get(TEST))

    def items(self) -> Iterator[tuple[str, T]]:
        """The values that there are, with the names of their splits; val first."""
        return ((split, value) for split, value in ((VAL, self.val), (TEST, self.test)) if value is not None)

    @property
    def last(self) -> T | None:
        """That of test; of val where there is no test split."""
        return self.val if self.test is None else self.test


@dataclass(frozen=True)
class DataSet:
    """Which data.

    Attributes:
        name: What the user calls it.
        digest: SHA-256 over all images and labels.
    """

    name: str
    digest: str


@dataclass(frozen=True)
class SplitCounts:
    """How much a split holds.

    Attributes:
        images: Number of images, those without boxes included.
        boxes: Number of boxes.
        backgrounds: Number of images without boxes.
    """

    images: int
    boxes: int
    backgrounds: int
