"""A prepared data set, as training sees it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from src.core.errors import DataError
from src.documents.manifest import Manifest
from src.documents.splits import SplitCounts


@dataclass(frozen=True)
class PreparedData:
    """A data set that is ready for training.

    Attributes:
        name: what the user calls it.
        root: its folder.
        data_yaml: the description that Ultralytics reads, absolute.
        digest: SHA-256 over all its images and labels.
        class_names: in the order of the ids.
        counts: per split.
        source: the kind of source it was made from.
        groups: by `split/stem` of an image, what it must stay together with; empty without `data.groups`.
    """

    name: str
    root: Path
    data_yaml: Path
    digest: str
    class_names: tuple[str, ...]
    counts: Mapping[str, SplitCounts]
    source: str
    groups: Mapping[str, str] = field(default_factory=dict)

    @staticmethod
    def load(folder: Path) -> "PreparedData":
        """Read the manifest of a prepared data set; takes milliseconds.

        Raises:
            DataError: it is missing, of another version, or files were added or lost since it was made.
        """
        content = read_manifest(folder)
        counts = {split: part.counts for split, part in content.splits.items()}
        for split, count in counts.items():
            _check_files(folder, split, count.images)
        return PreparedData(
            name=content.name,
            root=folder.resolve(),
            data_yaml=(folder / "data.yaml").resolve(),
            digest=content.digest,
            class_names=content.classes,
            counts=counts,
            source=content.source.kind,
            groups=content.groups,
        )


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a prepared data set.

    Raises:
        DataError: there is none, or it is broken or of another version.
    """
    if not (folder / Manifest.FILE).is_file():
        raise DataError(f"no prepared data in {folder}: run `python -m src.prepare data=…` (it makes {folder})")
    return Manifest.read(folder)


def _check_files(folder: Path, split: str, expected: int) -> None:
    for kind in ("images", "labels"):
        part = folder / kind / split
        try:
            # Ultralytics may leave its own files beside, such as arrays that it caches.
            found = sum(not entry.name.endswith((".npy", ".cache")) for entry in os.scandir(part))
        except FileNotFoundError:
            found = 0
        if found != expected:
            raise DataError(
                f"{part}: holds {found} files, its manifest says {expected}; delete {folder} and run"
                " `python -m src.prepare data=…` again"
            )
