"""Which pictures show one scene. The frames of a video are one measurement, however many they are."""

import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError

PICTURE, FOLDER = "picture", "folder"
_MINUTES = re.compile(r"(\d+(?:\.\d+)?)\s*min")

SceneOf = Callable[[Path, float], str]  # of a picture's path below the folder, and its time in seconds


def scene_of(group: str) -> SceneOf:
    """What names the scene of a picture.

    Args:
        group: `picture`: each is a scene; `folder`: those of a folder are; `10min`: those that a folder has of the same
            ten minutes are; else a regular expression on the path: those with the same first group, or match.

    Raises:
        ConfigError: it is none of these; the function raises it for a path that the expression does not match.
    """
    if group == PICTURE:
        return lambda path, _: path.as_posix()
    if group == FOLDER:
        return lambda path, _: path.parent.as_posix()
    if minutes := _MINUTES.fullmatch(group):
        seconds = 60 * float(minutes[1])
        if not seconds:
            raise ConfigError(f"group={group}: expected more than 0 minutes.")
        return lambda path, time_s: f"{path.parent.as_posix()} {time_s // seconds:.0f}"
    return _by_pattern(group)


def one_each(scenes: Sequence[str]) -> NDArray[np.int64]:
    """One picture of each scene, the middle one of its pictures, in ascending order, (S,)."""
    pictures: dict[str, list[int]] = {}
    for number, scene in enumerate(scenes):
        pictures.setdefault(scene, []).append(number)
    return np.array(sorted(own[len(own) // 2] for own in pictures.values()), np.int64)


def sums(counts: NDArray[np.int64], scenes: Sequence[str]) -> NDArray[np.int64]:
    """Counts of pictures as those of their scenes, (S, K): scenes, not pictures, are what an interval is over.

    Args:
        counts: (I, K).
        scenes: Of each picture.
    """
    names, number = np.unique(np.array(scenes, object).astype(str), return_inverse=True)
    total = np.zeros((len(names), counts.shape[1]), counts.dtype)
    np.add.at(total, number, counts)
    return total


def _by_pattern(group: str) -> SceneOf:
    try:
        compiled = re.compile(group)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigError(
            f"group={group!r} is no regular expression: {error}. Expected one, {PICTURE}, {FOLDER}, or minutes (10min)."
        ) from error

    def named(path: Path, _: float) -> str:
        match = compiled.search(path.as_posix())
        found = match and (match[1] if compiled.groups else match[0])
        if not found:
            raise ConfigError(f"group={group!r} does not match the path '{path.as_posix()}'.")
        return found

    return named
