"""Tests with random inputs: a few in the usual run, many where FUZZ_SECONDS says for how long (`make fuzz`)."""

import logging
import os
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_SECONDS = float(os.environ.get("FUZZ_SECONDS", "0"))
_PATIENCE_S = 300  # the last hundred inputs may begin just before the end


def fuzz(**arguments: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Make a test of a check that has to hold for every input.

    Args:
        arguments: What to draw for each parameter of the check.
    """

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        @pytest.mark.fuzz
        @pytest.mark.timeout(_SECONDS + _PATIENCE_S)
        def test() -> None:
            tried, end = 0, time.monotonic() + _SECONDS

            # every round begins with other random numbers, except in the usual run on a server, which is repeatable
            @settings(
                max_examples=100 if _SECONDS else 25,
                deadline=None,
                derandomize=not _SECONDS,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(**arguments)
            def tries(**values: Any) -> None:
                nonlocal tried
                tried += 1
                check(**values)

            logging.disable()  # pytest would keep what is said of every input
            try:
                tries()
                while time.monotonic() < end:
                    tries()
            finally:
                logging.disable(logging.NOTSET)
            print(f"\n{check.__name__}: {tried} inputs")

        test.__doc__ = check.__doc__
        return test

    return decorate
