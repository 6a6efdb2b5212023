"""`data=PATH`: the settings that describe a data set of the user's own, found by looking at it."""

import re
from collections.abc import Sequence
from pathlib import Path

from src.config.grammar import as_text
from src.core.errors import ConfigError, DataError
from src.data.recognise import Recognised, recognise

_PATH = re.compile(r"data=(['\"]?)(?P<path>(?:[~./\\]|\w:[/\\]).*|.*[/\\].*|.*\.(?:ya?ml|json))\1")
_SHOWN = 100  # characters of a path that may be none


def with_own_data(arguments: Sequence[str]) -> list[str]:
    """The command line with `data=PATH` written out, where the value is a path and not the name of a choice.

    What the command line sets itself stays.

    Side effects: prints what was recognised.

    Raises:
        ConfigError: There is no data set that is known.
    """
    written: list[str] = []
    for argument in arguments:
        found = _PATH.fullmatch(argument)
        if found is None:
            written.append(argument)
            continue
        try:
            recognised = recognise(Path(found["path"]).expanduser())
        except DataError as error:
            raise ConfigError(f"{argument}: {error}.") from error
        except OSError as error:  # a name that is too long, a folder that may not be read
            raise ConfigError(f"{argument[:_SHOWN]}: it cannot be looked at: {error.strerror or error}.") from error
        print(_sentence(argument, recognised))
        given = [other.partition("=")[0].lstrip("+~") for other in arguments]
        settings = {f"data.{key}": value for key, value in recognised.settings.items() if not _is_given(key, given)}
        written += [f"data={recognised.kind}", *(f"{key}={as_text(value)}" for key, value in settings.items())]
    return written


def _is_given(key: str, given: Sequence[str]) -> bool:
    return any(f"{other}.".startswith(f"data.{key}.") for other in given)


def _sentence(argument: str, recognised: Recognised) -> str:
    if not recognised.splits:
        cut = "It has no train and val of its own, so that it is cut into three: data.splits says how."
    elif "test" in recognised.splits:
        cut = f"Its own splits are kept: {', '.join(recognised.splits)}."
    else:
        cut = (
            "Its own splits are kept, train and val; without test, what is promised to hold on new images stays"
            " undecided. All can be shared out anew: 'data.splits={train:0.7,val:0.15,test:0.15}'."
        )
    return f"{argument}: {recognised.form}. {cut}"
