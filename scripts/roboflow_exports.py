"""Exports as Roboflow writes them, YOLO and COCO, of a data set in YOLO form: `python -m scripts.roboflow_exports`.

What somebody brings on the first day, for trying the way of docs/guides/your-own-data.md with pictures at hand.
"""

import argparse
import hashlib
import json
import random
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from PIL import Image

from src.data.sources.archive import extract

SPLITS = {"train": 0.7, "valid": 0.2, "test": 0.1}  # Roboflow's names and its usual fractions
_SEED = 42
Row = tuple[int, float, float, float, float]  # class, x and y of the centre, width, height, as fractions of the image


@dataclass(frozen=True)
class Picture:
    """An image and its label rows, classes numbered as in the exports."""

    path: Path
    rows: Sequence[Row]

    @property
    def name(self) -> str:
        """Its file's name in an export, with the digest that Roboflow adds."""
        digest = hashlib.md5(self.path.name.encode(), usedforsecurity=False).hexdigest()
        return f"{self.path.stem}_{self.path.suffix[1:]}.rf.{digest}{self.path.suffix}"


def main(arguments_given: Sequence[str] | None = None) -> None:
    """Write both exports below the folder that the command line names.

    Side effects: creates the folders, which may not exist.
    """
    arguments = _parser().parse_args(arguments_given)
    with tempfile.TemporaryDirectory() as scratch:
        source: Path = arguments.source
        if source.is_file():
            extract(source, Path(scratch))
            source = Path(scratch)
        named = dict(enumerate(arguments.names)) if arguments.names else _names_of_coco()
        names = arguments.classes or [named[number] for number in sorted(named)]
        splits = cut(pictures(source, {number: names.index(name) for number, name in named.items() if name in names}))
        for form, write in (("yolo", write_yolo), ("coco", write_coco)):
            write(arguments.target / form, splits, names)
    counts = ", ".join(f"{split} {len(found)} images" for split, found in splits.items())
    sys.stdout.write(f"{arguments.target}/yolo and /coco: {counts}; {len(names)} classes\n")


def pictures(folder: Path, numbers: Mapping[int, int]) -> list[Picture]:
    """Every image below `folder` that has a box of the classes `numbers`, which says each one's new number."""
    found = []
    for image in sorted(path for path in folder.rglob("images/**/*") if path.is_file()):
        parts = ("labels" if part == "images" else part for part in image.relative_to(folder).parts)
        labels = folder.joinpath(*parts).with_suffix(".txt")
        lines = labels.read_text().splitlines() if labels.is_file() else []
        if rows := [(numbers[row[0]], *row[1:]) for line in lines if (row := _row(line))[0] in numbers]:
            found.append(Picture(image, rows))
    return found


def cut(found: Sequence[Picture]) -> dict[str, list[Picture]]:
    """The pictures by split, in an order of chance that is always the same."""
    order = random.Random(_SEED).sample(found, len(found))
    at, splits = 0, {}
    for split, fraction in SPLITS.items():
        end = len(order) if split == "test" else at + round(fraction * len(order))
        splits[split] = order[at:end]
        at = end
    return splits


def write_yolo(folder: Path, splits: Mapping[str, Sequence[Picture]], names: Sequence[str]) -> None:
    """The form "YOLOv8": `train/images`, `train/labels`, and a data.yaml whose paths lead above its own folder."""
    for split, found in splits.items():
        for kind in ("images", "labels"):
            (folder / split / kind).mkdir(parents=True)
        for picture in found:
            shutil.copy(picture.path, folder / split / "images" / picture.name)
            lines = "\n".join(" ".join(f"{value:g}" for value in row) for row in picture.rows)
            (folder / split / "labels" / f"{Path(picture.name).stem}.txt").write_text(lines)
    paths = {{"valid": "val"}.get(split, split): f"../{split}/images" for split in splits}
    project = {"workspace": "ours", "project": "people", "version": 1, "license": "CC BY 4.0"}
    text = yaml.safe_dump({**paths, "nc": len(names), "names": [*names], "roboflow": project}, sort_keys=False)
    (folder / "data.yaml").write_text(text)


def write_coco(folder: Path, splits: Mapping[str, Sequence[Picture]], names: Sequence[str]) -> None:
    """The form "COCO": each split's images beside an `_annotations.coco.json`, with a class above all others."""
    above = {"id": 0, "name": "objects", "supercategory": "none"}
    categories = [above, *({"id": at, "name": name, "supercategory": "objects"} for at, name in enumerate(names, 1))]
    for split, found in splits.items():
        (folder / split).mkdir(parents=True)
        images: list[dict[str, object]] = []
        annotations: list[dict[str, object]] = []
        for number, picture in enumerate(found):
            shutil.copy(picture.path, folder / split / picture.name)
            with Image.open(picture.path) as image:
                width, height = image.size
            images.append({"id": number, "license": 1, "file_name": picture.name, "height": height, "width": width})
            for label, x, y, w, h in picture.rows:
                box = [(x - w / 2) * width, (y - h / 2) * height, w * width, h * height]
                annotations.append(
                    {
                        "id": len(annotations), "image_id": number, "category_id": label + 1, "bbox": box,
                        "area": box[2] * box[3], "segmentation": [], "iscrowd": 0,
                    }
                )  # fmt: skip
        document = {
            "info": {"version": "1", "description": "Exported as from roboflow.com"}, "licenses": [],
            "categories": categories, "images": images, "annotations": annotations,
        }  # fmt: skip
        (folder / split / "_annotations.coco.json").write_text(json.dumps(document))


def _row(line: str) -> Row:
    number, x, y, width, height = line.split()
    return int(number), float(x), float(y), float(width), float(height)


def _names_of_coco() -> dict[int, str]:
    from ultralytics.utils import ROOT

    described = yaml.safe_load((ROOT / "cfg" / "datasets" / "coco128.yaml").read_text(encoding="utf-8"))
    return dict(described["names"])


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scripts.roboflow_exports", description=__doc__)
    parser.add_argument("source", type=Path, help="a folder or zip with images/ and labels/, such as coco128.zip")
    parser.add_argument("target", type=Path, help="where the folders yolo and coco go")
    parser.add_argument("--names", nargs="+", help="names of the classes in the order of their ids; else those of COCO")
    parser.add_argument("--classes", nargs="+", help="which of them to keep; else all")
    return parser


if __name__ == "__main__":
    main()
