"""How many candidates have challenged the present holder of an alias: kept in a tag of the registered model.

Each challenge has a chance to succeed by luck alone. Ten equal challengers one after another, each at 2.5 %, would
change the alias in one case of four; so the 2.5 % are shared out between all challengers that a holder will ever have,
the first of them getting half (alpha spending: Lan and DeMets, Biometrika 70, 1983).
"""

ALPHA = 0.025  # that a holder is replaced by an equal, one-sided, however many challenge it


def tag_of(alias: str) -> str:
    """The tag that keeps the count."""
    return f"alias.{alias}.challenges"


def count_of(text: str, holder: int) -> int:
    """How often this holder has been challenged, by the tag's text; another holder's challenges do not count."""
    words = text.split()
    known = len(words) == 2 and all(word.isdecimal() for word in words) and int(words[0]) == holder
    return int(words[1]) if known else 0


def text_of(holder: int, count: int) -> str:
    """The tag's text."""
    return f"{holder} {count}"


def confidence_of(challenge: int) -> float:
    """How sure the interval of a challenge has to be, to both sides.

    The shares 1/2, 1/6, 1/12 … of all challenges sum up to 1.

    Args:
        challenge: Its number, from 1 on.
    """
    return 1 - 2 * ALPHA / (challenge * (challenge + 1))
