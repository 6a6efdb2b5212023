"""Pictures that occur in two splits: what is trained on must not be judged on."""

from dataclasses import dataclass

from src.documents.findings import Finding, Status

NAME, TITLE = "split_overlap", "No picture is in two splits"


@dataclass(frozen=True)
class Pair:
    """Two pictures of different splits, by their files below the data set's folder, with the splits' names."""

    file: str
    split: str
    other_file: str
    other_split: str


@dataclass(frozen=True)
class Overlap:
    """What the splits have in common.

    Attributes:
        same: Files with the same content.
        alike: Other files that show the same picture, recompressed or resized for instance.
        images: How many pictures were looked at.
    """

    same: tuple[Pair, ...]
    alike: tuple[Pair, ...]
    images: int


def check_overlap(overlap: Overlap | str) -> Finding:
    """Say what the splits have in common.

    Args:
        overlap: What was found, or the reason why nothing was looked at.
    """
    if isinstance(overlap, str):
        return Finding(NAME, TITLE, Status.UNKNOWN, overlap, "Run decide where the prepared data is.")
    if not overlap.same and not overlap.alike:
        sentence = (
            f"No file and no near duplicate of a picture is in two splits ({overlap.images:,} pictures compared)."
        )
        return Finding(NAME, TITLE, Status.OK, sentence)
    parts = [
        f"{len(pairs)} {kind} ({_counts(pairs)}), for instance {pairs[0].file} and {pairs[0].other_file}"
        for pairs, kind in ((overlap.same, "pairs of equal files"), (overlap.alike, "pairs of near duplicates"))
        if pairs
    ]
    return Finding(
        NAME,
        TITLE,
        Status.WARNING,
        f"Pictures are in two splits: {'; '.join(parts)}. Measurements are better than they will be on new pictures.",
        "Look at the pairs; put pictures that belong together (frames of a film, copies) into one split.",
    )


def _counts(pairs: tuple[Pair, ...]) -> str:
    kinds = [f"{pair.split}-{pair.other_split}" for pair in pairs]
    return ", ".join(f"{kind}: {kinds.count(kind)}" for kind in sorted(set(kinds)))
