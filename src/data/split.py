"""Who goes into which split."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Final, TypeVar

from src.core.errors import ConfigError, DataError, did_you_mean

SPLITS: Final = ("train", "val", "test")
_REQUIRED: Final = ("train", "val")

T = TypeVar("T")


def check_shares(shares: Mapping[str, float]) -> None:
    """Refuse shares that are neither all fractions nor all counts.

    Raises:
        ConfigError: unknown or missing split, negative share, fractions beyond 1, or a mixture.
    """
    for name, share in shares.items():
        if name not in SPLITS:
            raise ConfigError(
                f"data.splits.{name}: no such split; there are {', '.join(SPLITS)}.{did_you_mean(name, SPLITS)}"
            )
        if not share > 0:
            raise ConfigError(
                f"data.splits.{name} must be above 0, got {share}; leave a split out with ~data.splits.{name}"
            )
    for name in _REQUIRED:
        if name not in shares:
            raise ConfigError(f"data.splits.{name} is missing: training needs {' and '.join(_REQUIRED)}")
    fractions = [share < 1 for share in shares.values()]
    if any(fractions) and not all(fractions):
        raise ConfigError(f"data.splits mixes fractions and numbers of images: {dict(shares)}")
    if all(fractions) and sum(shares.values()) > 1 + 1e-9:
        raise ConfigError(
            f"data.splits: the fractions add up to {sum(shares.values()):g}, more than 1 ({dict(shares)};"
            " a split is left out with ~data.splits.NAME)"
        )
    if not any(fractions) and any(share != int(share) for share in shares.values()):
        raise ConfigError(f"data.splits: numbers of images must be whole, got {dict(shares)}")


def counts_for(shares: Mapping[str, float], available: int) -> dict[str, int]:
    """How many of `available` images each split gets; fractions are rounded so that their sum is kept.

    Raises:
        DataError: more images asked for than exist, or a split that would be empty.
    """
    if all(share < 1 for share in shares.values()):
        counts = _rounded({name: share * available for name, share in shares.items()})
    else:
        counts = {name: int(share) for name, share in shares.items()}
    if sum(counts.values()) > available:
        raise DataError(
            f"data.splits asks for {sum(counts.values())} images ({_listed(counts)}), but only {available} have what"
            " data.classes and data.backgrounds ask for"
        )
    empty = [name for name, count in counts.items() if count == 0]
    if empty:
        raise DataError(f"split '{empty[0]}' would be empty: {available} images shared out as {_listed(counts)}")
    return counts


def shuffled_split(
    items: Sequence[T], shares: Mapping[str, float], seed: int, group_of: Callable[[T], str] | None = None
) -> dict[str, list[T]]:
    """Shuffle `items` (give them in a stable order) and cut them into train, val and test, in this order.

    With groups, whole groups are shared out, the largest first, each to the split that lacks most of its share: the
    numbers of items are then as near to the shares as the groups allow.

    Args:
        items: What is shared out.
        shares: Fractions or numbers of items, by split.
        seed: Of the shuffle.
        group_of: Names the group of an item; None for no groups.

    Raises:
        DataError: as `counts_for`.
    """
    counts = counts_for(shares, len(items))
    order = list(items)
    random.Random(seed).shuffle(order)
    if group_of is not None:
        return _by_groups(order, counts, group_of)
    parts: dict[str, list[T]] = {}
    start = 0
    for name in SPLITS:
        if name in counts:
            parts[name] = order[start : start + counts[name]]
            start += counts[name]
    return parts


def _by_groups(order: Sequence[T], counts: Mapping[str, int], group_of: Callable[[T], str]) -> dict[str, list[T]]:
    groups: dict[str, list[T]] = {}
    for item in order:
        groups.setdefault(group_of(item), []).append(item)
    parts: dict[str, list[T]] = {name: [] for name in SPLITS if name in counts}
    if len(groups) < len(parts):
        raise DataError(f"data.groups makes {len(groups)} groups, too few for {len(parts)} splits")
    largest_first = sorted(groups.values(), key=len, reverse=True)  # stable: equal ones stay shuffled
    taken = 0
    for place, members in enumerate(largest_first):
        empty = [name for name in parts if not parts[name]]
        if taken >= sum(counts.values()) and not empty:
            break
        left = len(largest_first) - place
        open_to = empty if left <= len(empty) else list(parts)
        fullest_need = max(open_to, key=lambda name: (counts[name] - len(parts[name])) / counts[name])
        parts[fullest_need] += members
        taken += len(members)
    return parts


def _rounded(exact: Mapping[str, float]) -> dict[str, int]:
    """Whole numbers near `exact` whose sum is the rounded sum (largest remainders are rounded up)."""
    counts = {name: int(value + 1e-9) for name, value in exact.items()}
    missing = round(sum(exact.values())) - sum(counts.values())
    by_remainder = sorted(exact, key=lambda name: exact[name] - counts[name], reverse=True)
    for name in by_remainder[:missing]:
        counts[name] += 1
    return counts


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())
