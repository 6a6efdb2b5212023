"""Where a run is recorded, in a form that stays true when the project is moved together with its spool."""

import os
import re
from pathlib import Path

_SQLITE = "sqlite:///"
_SCHEME = re.compile(r"[a-z][\w+.-]+:", re.IGNORECASE)  # more than a letter, which would be a drive


def base_of(spool: Path) -> str:
    """The folder that relative places count from, the current one, as it is seen from the spool."""
    try:
        return os.path.relpath(Path.cwd(), spool)
    except ValueError:  # on another drive
        return str(Path.cwd())


def located(place: str, base: Path) -> str:
    """A tracking URI, or a folder or URI for artifacts, in which a path of this machine is absolute.

    Args:
        place: As the configuration has it: `sqlite:///mlflow.db`, `mlartifacts`, `http://server:5000`, or empty.
        base: The folder that a relative path counts from.
    """
    if place.startswith(_SQLITE):
        return _SQLITE + _absolute(place.removeprefix(_SQLITE), base)
    return _absolute(place, base) if place and not _SCHEME.match(place) else place


def sqlite_file(uri: str) -> Path | None:
    """The file of a SQLite database; None where the store is something else."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def _absolute(path: str, base: Path) -> str:
    return os.path.normpath(base.absolute() / path)
