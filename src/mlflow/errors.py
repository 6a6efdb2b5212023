"""How a delivery to a tracking store can fail: `TrackingError` is the base, defined in src/core/errors.py."""

from src.core.errors import TrackingError


class StoreUnavailableError(TrackingError):
    """The store did not answer, or not sensibly: the same call may succeed later."""


class StoreRefusedError(TrackingError):
    """The store does not take this call, now or later."""


class RunNotFoundError(StoreRefusedError):
    """The store does not know the run, or whatever else was asked for."""


class PostponedError(Exception):
    """A call names a run that waits in the spool itself: it has to be delivered first."""


class HeldError(TrackingError):
    """A run cannot be opened for now, for a reason that somebody has to see to; its calls wait."""
