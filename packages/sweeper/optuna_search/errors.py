"""What the sweeper refuses or reports; Hydra prints these without a traceback."""

from hydra.errors import CompactHydraException


class SweepError(CompactHydraException):
    """Base of the sweeper's own errors."""


class SpaceError(SweepError):
    """The search space, or another setting of the sweep, cannot work; raised before any trial."""


class SweepFailed(SweepError):  # noqa: N818 - an outcome, as Hydra's own JobStatus.FAILED
    """Too many trials failed, or none ended with a result."""
