"""The one error tree of the project.

    ProjectError
    ├── ConfigError      a value the user set, or a combination of them, cannot work
    ├── DataError        a data set, image, label or archive is not what it should be
    ├── TrainingError    a training could not start, or ended without a result
    ├── TrackingError    the tracker could not do what it was asked for
    └── RegistryError    a model was not registered, promoted or taken back, and why

A message says what is wrong, where (file, line, key), what was expected and what to do about it. Entry points
print it without a traceback; `HYDRA_FULL_ERROR=1` brings the traceback.
"""

import difflib
import itertools
from collections.abc import Collection, Iterable
from typing import Any


class ProjectError(Exception):
    """Base of every error that the project raises on purpose."""


class ConfigError(ProjectError):
    """A value the user set, or a combination of values, cannot work."""


class DataError(ProjectError):
    """A data set, image, label or archive is not what it should be."""


class TrainingError(ProjectError):
    """A training could not start, or ended without a usable result."""


class TrackingError(ProjectError):
    """The tracker could not do what it was asked for."""


class RegistryError(ProjectError):
    """A model was not registered, promoted or taken back: there are reasons against it, or something is missing."""


def did_you_mean(name: str, valid: Iterable[str]) -> str:
    """A hint that names the closest valid spelling, or those equally close; empty when nothing is.

    The hint begins with a space so that it can be appended to a message as it is.
    """
    matches = sorted(difflib.get_close_matches(name, set(valid), n=3))
    closeness = {match: difflib.SequenceMatcher(None, match, name).ratio() for match in matches}
    closest = [f"'{match}'" for match in matches if closeness[match] == max(closeness.values())]
    return f" Did you mean {' or '.join(closest)}?" if closest else ""


def listed(names: Collection[Any], most: int = 12) -> str:
    """Names as a sentence shows them: a data set may have a thousand classes, of which only the first are said."""
    shown = ", ".join(str(name) for name in itertools.islice(names, most))
    return f"{shown}, … and {len(names) - most:,} more" if len(names) > most else shown
