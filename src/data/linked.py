"""A data set of links into another one, with other splits."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import yaml

from src.core.files import write_text
from src.data.prepared import PreparedData
from src.documents.splits import SplitCounts


def linked(data: PreparedData, root: Path, images: Mapping[str, Sequence[Path]]) -> PreparedData:
    """Make a data set of links into another one.

    Lists of files would do for Ultralytics, too, but it keeps what it knows of a list in a file beside the labels:
    the lists of several folds would overwrite each other there, and the prepared data would change.

    Args:
        data: The other data set; its folder is only read.
        root: The new one's folder, to be made.
        images: By split, images of the other one.
    """
    counts = {}
    for split, paths in images.items():
        links = {kind: root / kind / split for kind in ("images", "labels")}
        for folder in links.values():
            folder.mkdir(parents=True)
        boxes = []
        for path in paths:
            label = data.root / "labels" / path.parent.name / f"{path.stem}.txt"
            name = f"{path.parent.name}_{path.name}"  # images of different splits may have the same name
            _link(links["images"] / name, path)
            _link((links["labels"] / name).with_suffix(".txt"), label)
            boxes.append(len(label.read_text(encoding="utf-8").splitlines()))
        counts[split] = SplitCounts(images=len(paths), boxes=sum(boxes), backgrounds=boxes.count(0))
    folders = {split: f"images/{split}" for split in images}
    description = {**folders, "names": dict(enumerate(data.class_names))}
    write_text(root / "data.yaml", yaml.safe_dump(description, sort_keys=False, allow_unicode=True))
    return replace(data, root=root, data_yaml=root / "data.yaml", counts=counts)


def _link(new: Path, existing: Path) -> None:
    try:
        new.symlink_to(existing)
    except OSError:  # Windows allows links to few users
        shutil.copyfile(existing, new)
