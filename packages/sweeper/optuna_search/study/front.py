"""The Pareto front of several objectives."""

from collections.abc import Mapping, Sequence


def pareto_front(losses: Mapping[int, tuple[float, ...]]) -> set[int]:
    """The numbers of the points that no other one beats: as good in everything, better in something.

    Args:
        losses: By number, the values of each objective, of which smaller ones are better.
    """
    front: list[int] = []
    for number in sorted(losses, key=losses.__getitem__):  # a point is beaten only by those before it
        if not any(_beats(losses[other], losses[number]) for other in front):
            front.append(number)
    return set(front)


def _beats(one: Sequence[float], other: Sequence[float]) -> bool:
    return one != other and all(a <= b for a, b in zip(one, other, strict=True))
