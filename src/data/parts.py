"""From all samples of a source to those of each split."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from src.core.errors import DataError
from src.data.duplicates import SAME_BOX_IOU, without_duplicates
from src.data.groups import group_of
from src.data.options import DataOptions
from src.data.sample import Sample, SourceData
from src.data.split import SPLITS, shuffled_split

_log = logging.getLogger(__name__)


def into_splits(data: SourceData, options: DataOptions) -> dict[str, list[Sample]]:
    """Share the samples out among the splits, in the order of their names before the shuffle.

    Raises:
        DataError: there is nothing to share out, or a split would have no images or no boxes.
    """
    samples = sorted(data.samples, key=lambda sample: sample.name)
    if not samples:
        raise DataError("the source has no images")
    if options.backgrounds == "drop":
        samples = [sample for sample in samples if sample.boxes]
    if options.groups is not None:
        named = group_of(options.groups, data.root)
        samples = [replace(sample, group=named(sample)) for sample in samples]
    if options.splits is not None:
        together = None if options.groups is None else (lambda sample: str(sample.group))
        parts = shuffled_split(samples, options.splits, options.split_seed, together)
        _refuse_without_boxes(parts)
        return parts
    homeless = [sample for sample in samples if sample.split is None]
    if homeless:
        raise DataError(
            f"{homeless[0].image}: the source does not say to which split it belongs ({len(homeless)} such images);"
            " set data.splits, for instance 'data.splits={train:0.7,val:0.15,test:0.15}'"
        )
    parts = {split: [sample for sample in samples if sample.split == split] for split in SPLITS}
    for split in ("train", "val"):
        if not parts[split]:
            raise DataError(
                f"split '{split}' would be empty: the source has no images of it with the classes asked for"
            )
    parts = {split: part for split, part in parts.items() if part}
    _refuse_without_boxes(parts)
    if options.groups is not None:
        _refuse_cut_groups(parts)
    return parts


def labelled_once(data: SourceData) -> SourceData:
    """The data with each object labelled once, and how many boxes that left out."""
    samples = tuple(replace(sample, boxes=without_duplicates(sample.boxes)) for sample in data.samples)
    dropped = sum(len(old.boxes) - len(new.boxes) for old, new in zip(data.samples, samples, strict=True))
    if dropped:
        _log.warning(
            "%d boxes were left out because their object is labelled twice (same class; the same box but for rounding,"
            " or an overlap of %g or more).",
            dropped,
            SAME_BOX_IOU,
        )
    return replace(data, samples=samples, facts={**data.facts, "duplicate_boxes_left_out": dropped})


def _refuse_without_boxes(parts: Mapping[str, Sequence[Sample]]) -> None:
    """Refuse a split that shows nothing: nothing could be learnt from it, or judged by it."""
    for split, samples in parts.items():
        if not any(sample.boxes for sample in samples):
            raise DataError(
                f"split '{split}' has {len(samples)} images and not one box of the classes asked for, so that it says"
                " nothing about a detector. Are the labels where they are expected, is the annotation file complete,"
                " are data.classes right?"
            )


def _refuse_cut_groups(parts: Mapping[str, Sequence[Sample]]) -> None:
    """Refuse splits of the source's own with a group on both sides of the cut."""
    homes: dict[str | None, tuple[str, Sample]] = {}
    for split, samples in parts.items():
        for sample in samples:
            first_split, first = homes.setdefault(sample.group, (split, sample))
            if first_split != split:
                raise DataError(
                    f"the data set's own splits cut the group '{sample.group}': {first.image} ({first_split}) and"
                    f" {sample.image} ({split}). Move one, or share all images out anew with"
                    " 'data.splits={train:0.7,val:0.15,test:0.15}'"
                )
