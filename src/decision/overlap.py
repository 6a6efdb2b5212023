"""Pictures that occur in two splits: what is trained on must not be judged on."""

from collections.abc import Sequence

from src.documents.findings import Finding, Status
from src.documents.manifest import Manifest

NAME, TITLE = "split_overlap", "No picture is in two splits"


def check_overlap(data: Manifest | str) -> Finding:
    """Say what the splits have in common; `prepare` has compared their pictures, and refuses equal ones.

    Args:
        data: What the model was trained and judged on, or the reason why that is not available.
    """
    if isinstance(data, str):
        return Finding(NAME, TITLE, Status.UNKNOWN, data, "Run decide where the prepared data is.")
    pairs = data.near_duplicates
    if not pairs:
        images = sum(split.images for split in data.splits.values())
        return Finding(NAME, TITLE, Status.OK, f"No near duplicates are in two splits ({images:,} pictures compared).")
    counted = "1 pair" if len(pairs) == 1 else f"{len(pairs)} pairs"
    return Finding(
        NAME,
        TITLE,
        Status.WARNING,
        f"Pictures are in two splits: {counted} of near duplicates ({_counts(pairs)}), for instance "
        f"{pairs[0][0]} and {pairs[0][1]}. Measurements are better than they will be on new pictures.",
        "Look at the pairs in the data set's manifest.json; put pictures that belong together (frames of a film, "
        "copies) into one split with data.groups.",
    )


def _counts(pairs: Sequence[tuple[str, str]]) -> str:
    kinds = ["-".join(image.partition("/")[0] for image in pair) for pair in pairs]
    return ", ".join(f"{kind}: {kinds.count(kind)}" for kind in sorted(set(kinds)))
