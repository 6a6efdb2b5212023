"""What `python -m src.sync` says."""

from pathlib import Path

import pytest
from rich.console import Console

from src.mlflow.courier.pending import PendingRun
from src.sync import complaint, show

OPENED = 1795276989.0


def waiting(name, uri="http://server:5000", *, is_open=False, error=None):
    return PendingRun(
        folder=Path("/spool") / name,
        name=name,
        uri=uri,
        opened_at=OPENED,
        calls=20,
        size_bytes=1_500_000,
        is_open=is_open,
        error=error,
    )


def test_the_complaint_says_what_waits_where_since_when_and_why():
    """And what to do; runs that fail for the same reason give it once."""
    refused = "looking for a run failed: Connection refused"
    text = complaint([waiting("one", error=refused), waiting("two", error=refused)], 3, Path("/spool"))
    assert text.startswith(
        "2 of 3 runs could not be delivered to http://server:5000: 40 calls, 3.0 MB, the oldest of 2026"
    )
    assert "They wait in /spool." in text
    assert text.count(refused) == 1
    assert "Run `python -m src.sync` again" in text


def test_a_courier_that_said_nothing_left_a_log():
    assert "nothing; see /spool/courier.log" in complaint([waiting("one")], 1, Path("/spool"))


@pytest.fixture
def console():
    return Console(record=True, width=100)


def test_what_waits_is_shown_by_store(console):
    """A table for each, with the runs that go on marked, and the reason below."""
    runs = [waiting("one", error="No route to host"), waiting("two", is_open=True), waiting("three", "sqlite:////db")]
    show(runs, Path("/spool"), console)
    shown = console.export_text()
    assert shown.count("Waiting for") == 2
    assert shown.index("http://server:5000") < shown.index("two (still running)") < shown.index("sqlite:////db")
    assert "What the store said: No route to host" in shown
    assert "1.5 MB" in shown
