"""Imported first by the fork server, so that what it registers is called last, after all other exit handlers.

A server that has nothing left to do need not take apart what it imported: some libraries complain on the terminal when
that is done.
"""

import atexit
import multiprocessing.util
import os


def _end() -> None:
    """Trials do not get here: they end without the interpreter's clean-up."""
    multiprocessing.util._exit_function()  # type: ignore[attr-defined]  # noqa: SLF001 - it is registered, to be called later
    os._exit(0)


atexit.register(_end)
