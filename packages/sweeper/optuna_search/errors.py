"""What the sweeper refuses or reports; Hydra prints these without a traceback."""

import difflib
from collections.abc import Iterable

from hydra.errors import CompactHydraException


class SweepError(CompactHydraException):
    """Base of the sweeper's own errors."""


class SpaceError(SweepError):
    """The search space, or another setting of the sweep, cannot work; raised before any trial."""


class SweepFailed(SweepError):  # noqa: N818 - an outcome, as Hydra's own JobStatus.FAILED
    """Too many trials failed, or none ended with a result."""


class StudyError(SweepError):
    """A study cannot be read: there is none of that name, or its storage does not answer."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint with the nearest known name, to be put behind a sentence; empty where none is near."""
    nearest = difflib.get_close_matches(name, list(known), n=1)
    return f" Did you mean '{nearest[0]}'?" if nearest else ""
