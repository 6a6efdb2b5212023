"""The frame of an entry point: errors without tracebacks, a quiet end on Ctrl-C."""

import pytest
from hydra.errors import CompactHydraException

from src.config.app import INTERRUPTED, readable_errors
from src.core.errors import DataError


def test_an_error_of_ours_is_one_that_hydra_prints_without_a_traceback():
    with pytest.raises(CompactHydraException, match=r"^DataError: no such image$") as caught, readable_errors():
        raise DataError("no such image")
    assert isinstance(caught.value.__cause__, DataError)


def test_an_error_of_somebody_else_keeps_its_traceback():
    with pytest.raises(ZeroDivisionError), readable_errors():
        _ = 1 / 0


def test_ctrl_c_ends_with_the_status_that_shells_expect(capsys):
    with pytest.raises(SystemExit) as caught, readable_errors():
        raise KeyboardInterrupt
    assert caught.value.code == INTERRUPTED
    assert "Interrupted" in capsys.readouterr().err
