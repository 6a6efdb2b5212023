"""How slots that run in threads are ended: signals reach the main thread only."""

import threading

from optuna_search.trial.job import Terminated


class Stop:
    """What the main thread has been told by Ctrl-C or SIGTERM, for the threads beside it.

    Attributes:
        at_once: Set when nothing may be waited for: after SIGTERM, or a second Ctrl-C.
    """

    def __init__(self) -> None:
        self._reason: BaseException | None = None
        self.at_once = threading.Event()

    def ask(self, reason: BaseException) -> None:
        """End the slots by `reason`, a KeyboardInterrupt or Terminated; asked again, at once."""
        if self._reason is not None or isinstance(reason, Terminated):
            self.at_once.set()
        self._reason = reason

    def check(self) -> None:
        """Pass on what the main thread was told.

        Raises:
            KeyboardInterrupt: After Ctrl-C.
            Terminated: After SIGTERM.
        """
        if self._reason is not None:
            raise type(self._reason)(*self._reason.args)
