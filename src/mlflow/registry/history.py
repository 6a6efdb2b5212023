"""Who had an alias before: kept in a tag of the registered model, oldest first, the incumbent last.

MLflow itself keeps only the incumbent. Aliases can also be moved by hand, so that the last of the history need not be
the incumbent, which belongs behind the others.
"""

from collections.abc import Collection, Sequence

_PREFIX = "alias."
_SEPARATOR = " "


def tag_of(alias: str) -> str:
    """The tag that keeps the history of an alias."""
    return f"{_PREFIX}{alias}.history"


def rolled_back_tag_of(alias: str) -> str:
    """The tag of a version that says when it lost an alias to the incumbent before."""
    return f"{alias}.rolled_back"


def parse(text: str) -> tuple[int, ...]:
    """The versions in a tag; what is no number is left out."""
    return tuple(int(word) for word in text.split() if word.isdecimal())


def text_of(history: Sequence[int]) -> str:
    """The tag's text."""
    return _SEPARATOR.join(map(str, history))


def promoted(history: Sequence[int], incumbent: int | None, version: int) -> tuple[int, ...]:
    """The history after a version has become the incumbent.

    Args:
        history: Before.
        incumbent: Who had the alias until then; None where nobody had.
        version: Who has it now.
    """
    known = _with(history, incumbent)
    return known if known[-1:] == (version,) else (*known, version)


def taken_back(history: Sequence[int], incumbent: int | None, existing: Collection[int]) -> tuple[int, ...]:
    """The history after the alias went back to the incumbent before, who is its last; empty where there is none.

    Args:
        history: Before.
        incumbent: Who has the alias; None where nobody has.
        existing: The versions that there are: those deleted since cannot have it back.
    """
    known = tuple(history)
    if incumbent is not None and incumbent in known:
        known = known[: len(known) - 1 - known[::-1].index(incumbent)]
    while known and (known[-1] not in existing or known[-1] == incumbent):
        known = known[:-1]
    return known


def _with(history: Sequence[int], incumbent: int | None) -> tuple[int, ...]:
    if incumbent is None or tuple(history[-1:]) == (incumbent,):
        return tuple(history)
    return (*history, incumbent)
