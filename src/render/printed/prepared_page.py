"""The page about a prepared data set: what to look at before training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from src.core.detections import GroundTruth
from src.documents.manifest import Manifest
from src.render.study import Note, Pictures, ReportPage, Section, Tabulated
from src.render.study import as_html as page_html
from src.render.table import Row, Table, Tone, numbers, texts

TINY_PX = 8  # less is a cell of the finest grid that YOLO detects on
_MANY = 0.1  # the share of tiny boxes that is worth a sentence
_LISTED = 50


@dataclass(frozen=True)
class Sample:
    """An image of a class, with its boxes.

    Attributes:
        split: The split.
        class_name: The class; empty for an image without boxes.
        caption: Its file below the data set's folder, and what it shows.
        jpeg: The picture.
    """

    split: str
    class_name: str
    caption: str
    jpeg: bytes


@dataclass(frozen=True)
class Doubted:
    """Labels that a model contradicts in one way.

    Attributes:
        how: In words.
        count: How many there are.
        pictures: A caption and a JPEG of some.
    """

    how: str
    count: int
    pictures: Sequence[tuple[str, bytes]]


def as_html(
    manifest: Manifest,
    truths: Mapping[str, GroundTruth],
    *,
    imgsz_choices: Sequence[int],
    samples: Sequence[Sample],
    labelled_twice: Sequence[tuple[str, str, str, float]],
    near_duplicates: Sequence[tuple[str, bytes]] = (),
    doubts: Sequence[Doubted] | None = None,
) -> str:
    """The page.

    Args:
        manifest: Of the data set.
        truths: By split, its labels.
        imgsz_choices: The image sizes that will be trained with.
        samples: Pictures to show.
        labelled_twice: Split, image, class and IoU of pairs of boxes that are probably one object.
        near_duplicates: Pictures of the first pairs, each once.
        doubts: What a model contradicts; None where none was asked.
    """
    sizes = _all_sizes(truths, imgsz_choices)
    counts = {
        "Images that are nearly the same as one of another split": len(manifest.near_duplicates),
        "Pairs of boxes of a class that lie on each other": len(labelled_twice),
        **{f"Contradicted by the model, {each.how}": each.count for each in doubts or ()},
    }
    said = [
        *(f"{what}: {count}." for what, count in counts.items() if count),
        *_absent(manifest),
        *(
            f"{each.tiny / len(each.sizes_px):.0%} of the boxes of {each.split} are under {TINY_PX} px at imgsz"
            f" {each.imgsz}."
            for each in sizes
            if each.are_often_tiny
        ),
    ]
    page = ReportPage(
        kind="Data",
        title=manifest.name,
        verdict=said[0] if said else "Nothing suspicious was found by the checks of this page.",
        tone=Tone.UNSURE if said else Tone.GOOD,
        summary=tuple(said[1:]),
        facts=(
            ("source", manifest.source.kind),
            ("classes", ", ".join(manifest.classes)),
            ("image sizes to train with", ", ".join(map(str, imgsz_choices))),
            ("digest", manifest.digest[:16]),
        ),
        sections=(
            Section("Splits and classes", [_balance(manifest)]),
            Section("Box sizes", [_sizes(sizes)]),
            Section(
                "Suspicious",
                [*_near_duplicates(manifest, near_duplicates), *_twice(labelled_twice), *_contradicted(doubts)],
            ),
            Section("Samples", _samples(samples, len(manifest.classes))),
        ),
        footer="Made by: python -m src.prepare … report=true",
    )
    return page_html(page)


def _absent(manifest: Manifest) -> list[str]:
    return [
        f"{split} has no box of {', '.join(missing)}."
        for split, summary in manifest.splits.items()
        if (missing := [name for name, count in summary.boxes_per_class.items() if not count])
    ]


def _balance(manifest: Manifest) -> Tabulated:
    splits = list(manifest.splits.items())
    rows = [
        Row(("images", *(part.images for _, part in splits))),
        Row(("images without boxes", *(part.backgrounds for _, part in splits))),
        Row(("boxes", *(part.boxes for _, part in splits))),
        *(Row((f"boxes of {name}", *(part.boxes_per_class[name] for _, part in splits))) for name in manifest.classes),
    ]
    table = Table((*texts(""), *numbers(*(split for split, _ in splits), spec=",.0f")), tuple(rows))
    return Tabulated("Splits and classes", "How much there is to learn from, and to judge by.", table)


@dataclass(frozen=True)
class _Sizes:
    """How large the boxes of a split are at an image size, (N,) in pixels of the network's input."""

    split: str
    imgsz: int
    sizes_px: NDArray[np.float64]

    @property
    def tiny(self) -> int:
        return int((self.sizes_px < TINY_PX).sum())

    @property
    def are_often_tiny(self) -> bool:
        return self.tiny > _MANY * len(self.sizes_px)


def _all_sizes(truths: Mapping[str, GroundTruth], imgsz_choices: Sequence[int]) -> list[_Sizes]:
    found = []
    for split, truth in truths.items():
        areas_px = (truth.boxes_xyxy[:, 2:] - truth.boxes_xyxy[:, :2]).prod(axis=1)
        longest_px = truth.sizes_wh.max(axis=1)[truth.image_index]
        found += [_Sizes(split, imgsz, np.sqrt(areas_px) * imgsz / longest_px) for imgsz in imgsz_choices]
    return found


def _sizes(found: Sequence[_Sizes]) -> Tabulated:
    rows = (
        Row(
            (
                *(each.split, each.imgsz, *np.quantile(each.sizes_px, [0.05, 0.5, 0.95])),
                *(each.tiny, f"{each.tiny / len(each.sizes_px):.0%}"),
            ),
            Tone.UNSURE if each.are_often_tiny else Tone.NONE,
        )
        for each in found
        if len(each.sizes_px)
    )
    columns = (
        *texts("split"),
        *numbers("imgsz", "5 % are smaller (px)", "half are smaller (px)", "95 % are smaller (px)"),
        *numbers(f"under {TINY_PX} px", "share"),
    )
    reading = (
        "The square root of a box's area in pixels of the network's input, at each image size that is trained with."
        f" Boxes under {TINY_PX} px are hardly found: train with larger images, or in tiles."
    )
    return Tabulated("Box sizes", reading, Table(columns, tuple(rows)))


def _near_duplicates(manifest: Manifest, pictures: Sequence[tuple[str, bytes]]) -> list[Tabulated | Pictures]:
    if not manifest.near_duplicates:
        return []
    rows = tuple(Row(pair) for pair in manifest.near_duplicates[:_LISTED])
    reading = (
        f"Images of two splits that are nearly the same ({len(manifest.near_duplicates)} pairs): what is measured on"
        " the second was seen in the first. Keep them together with data.groups."
    )
    shown = Pictures(
        "Near duplicates, the first pairs", "The images of the first pairs of the table, each once.", tuple(pictures)
    )
    return [Tabulated("Near duplicates", reading, Table(texts("image", "nearly the same"), rows)), shown]


def _twice(pairs: Sequence[tuple[str, str, str, float]]) -> list[Tabulated]:
    if not pairs:
        return []
    rows = tuple(Row(pair) for pair in pairs[:_LISTED])
    columns = (*texts("split", "image", "class"), *numbers("IoU"))
    reading = f"Boxes of a class that lie on each other ({len(pairs)} pairs): one object that was labelled twice."
    return [Tabulated("Labelled twice", reading, Table(columns, rows))]


def _contradicted(doubts: Sequence[Doubted] | None) -> list[Pictures | Note]:
    if doubts is None:
        asked = "No trained model was asked. With weights that know these classes, as in model=yolov8n, the page lists"
        return [Note("What a model contradicts", (f"{asked} labels that their detections contradict.",))]
    reading = (
        "Dashed is labelled, solid is in doubt. The model may be the one that is wrong: look before changing a label."
    )
    return [
        Pictures(f"The model contradicts: {each.how} ({each.count})", reading, tuple(each.pictures)) for each in doubts
    ]


def _samples(samples: Sequence[Sample], classes: int) -> list[Pictures | Note]:
    once = " A picture is shown once, for the rarest class that it shows." if classes > 1 else ""
    reading = f"Evenly from the split, with all labelled boxes.{once}"
    groups: dict[tuple[str, str], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.split, sample.class_name), []).append(sample)
    return [
        Pictures(
            f"{split}: {name or 'without boxes'}",
            reading,
            tuple((sample.caption, sample.jpeg) for sample in group),
        )
        for (split, name), group in groups.items()
    ]
