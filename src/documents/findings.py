"""What a sanity check found."""

from dataclasses import dataclass
from enum import StrEnum

THRESHOLD = "threshold"  # the check that decides alone: without a threshold there is nothing to deploy


class Status(StrEnum):
    """How a check came out."""

    OK = "ok"
    WARNING = "warning"
    UNKNOWN = "not known"


@dataclass(frozen=True)
class Finding:
    """The result of one check.

    Attributes:
        name: The check, for files.
        title: The check, for people.
        status: How it came out.
        sentence: What was found and what it means.
        action: What to do; empty where nothing is to be done.
    """

    name: str
    title: str
    status: Status
    sentence: str
    action: str = ""
