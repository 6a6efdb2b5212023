"""Where configuration files lie: the project's own, and `conf/` of the folder that a command is started in."""

from collections.abc import Sequence
from pathlib import Path

from src.config.grammar import as_text

_HOME = Path(__file__).resolve().parents[2]
_INSTALLED = _HOME / "detection_search" / "conf"  # setup.py puts it there
CONF = _INSTALLED if _INSTALLED.is_dir() else _HOME / "conf"
_SEARCH_PATH = "hydra.searchpath"


def folders() -> tuple[Path, ...]:
    """The folders with configuration files, in the order in which Hydra looks for one."""
    own = Path.cwd() / "conf"
    return (CONF, own) if own.is_dir() and not own.samefile(CONF) else (CONF,)


def files_of(group: str) -> dict[str, Path]:
    """The files of a group, by the names that choose them."""
    return {
        file.relative_to(conf / group).with_suffix("").as_posix(): file
        for conf in reversed(folders())  # of two files of a name, Hydra takes the first folder's
        for file in (conf / group).rglob("*.yaml")
    }


def with_own_folder(overrides: Sequence[str]) -> list[str]:
    """The command line with the user's own `conf/` on Hydra's search path, unless it has a search path already."""
    own = folders()[1:]
    if not own or any(override.lstrip("+").startswith(_SEARCH_PATH) for override in overrides):
        return list(overrides)
    return [*overrides, f"{_SEARCH_PATH}={as_text([f'file://{folder}' for folder in own])}"]
