"""Optuna's log lines, kept away where a study in memory is a means and not what a user asked for."""

from collections.abc import Iterator
from contextlib import contextmanager

import optuna


@contextmanager
def quiet_optuna() -> Iterator[None]:
    """Let Optuna log warnings only.

    Side effects: changes Optuna's verbosity, which is the process's, until the block ends.
    """
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)
