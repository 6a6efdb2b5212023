"""Arguments that are no overrides, such as `train.lr0 0.01`: says what was probably meant."""

import re
import shlex
from collections.abc import Callable, Sequence

from hydra._internal.utils import get_args_parser
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from src.core.errors import ConfigError

_BRACKETS = (("(", ")"), ("[", "]"), ("{", "}"))
_EXPECTED = "Expected KEY=VALUE, as one word for the shell, as in train.lr0=0.01."


def refuse_malformed(arguments: Sequence[str], named: Callable[[str], str] = str) -> None:
    """Refuse the first argument that is neither an override nor one of Hydra's options.

    Args:
        arguments: The command line.
        named: The full name of a setting that may be named by its last part.

    Raises:
        ConfigError: says what was probably meant.
    """
    place = 0
    while place < len(arguments):
        argument = arguments[place]
        if argument.startswith("-"):
            taken = _words_of_option(argument, "".join(arguments[place + 1 : place + 2]))
            if not taken:
                raise ConfigError(_no_option(arguments, place, named))
            place += taken
        elif not _parses(argument):
            raise ConfigError(_no_override(arguments, place, named))
        else:
            place += 1


def _words_of_option(argument: str, following: str) -> int:
    """How many words one of Hydra's options is, with its value; 0 for what is none."""
    name, _, value = argument.partition("=")
    found = list(get_args_parser()._option_string_actions.items())  # noqa: SLF001 - argparse has no public list
    fitting = [action for option, action in found if option == name]
    if not fitting and name.startswith("--"):
        fitting = [action for option, action in found if option.startswith(name)]  # as argparse takes them
    if not fitting:
        return 0
    option = fitting[0]
    takes_next = option.nargs is None and "--version" not in option.option_strings
    takes_next |= option.nargs == "?" and following in (option.choices or ())
    return 2 if takes_next and not value else 1


def _no_option(arguments: Sequence[str], place: int, named: Callable[[str], str]) -> str:
    bare = [arguments[place].lstrip("-"), *arguments[place + 1 :]]
    return f"'{arguments[place]}' is no option. Overrides have no dashes.{_hint(bare, 0, named)} {_EXPECTED}"


def _no_override(arguments: Sequence[str], place: int, named: Callable[[str], str]) -> str:
    argument = arguments[place]
    open_ones = [left for left, right in _BRACKETS if argument.count(left) > argument.count(right)]
    closed_ones = [right for left, right in _BRACKETS if argument.count(left) < argument.count(right)]
    why = ""
    if open_ones:
        why = f" A '{open_ones[0]}' of it is not closed."
    elif closed_ones:
        why = f" A '{closed_ones[0]}' of it was not opened."
    return f"'{argument}' is no override.{why}{_hint(arguments, place, named)} {_EXPECTED}"


def _hint(arguments: Sequence[str], place: int, named: Callable[[str], str]) -> str:
    """What was probably meant, written for the shell; empty where nothing fits."""
    first = place - 1 if place and (arguments[place].startswith("=") or arguments[place - 1].endswith("=")) else place
    for last in range(min(place + 3, len(arguments)), place, -1):
        words = arguments[first:last]
        if any(_parses(word) for word in words[place - first + 1 :]):
            continue  # an override of its own
        for text in _repaired(" ".join(words)):
            key, _, value = text.partition("=")
            meant = f"{named(key)}={value}"
            if re.fullmatch(r"[+~]{0,2}[\w.@/-]+", key) and value and _parses(meant):
                return f" Did you mean {shlex.quote(meant)}?"
    return ""


def _repaired(text: str) -> list[str]:
    """The text with its key and value joined by one sign; then also with its value as a quoted text."""
    joined = re.sub(r"\s*=[\s=]*", "=", text, count=1) if "=" in text else re.sub(r"[\s:]+", "=", text, count=1)
    key, _, value = joined.partition("=")
    whole = all(value.count(left) == value.count(right) for left, right in _BRACKETS)
    return [joined, f'{key}="{value}"'] if whole and '"' not in value else [joined]


def _parses(argument: str) -> bool:
    if argument.startswith("="):
        return False
    try:
        OverridesParser.create().parse_override(argument)
    except (HydraException, RecursionError):
        return False
    return True
