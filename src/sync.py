"""`python -m src.sync`: deliver what waits for the tracking store; with `--status`, show what does."""

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import hydra
from omegaconf import DictConfig
from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from src.config import app
from src.config.sections import arguments, section
from src.core.errors import TrackingError
from src.core.terminal import standard_output
from src.mlflow.courier.pending import PendingRun, deliver, pending
from src.mlflow.options import TrackingOptions
from src.render import terminal
from src.render.table import Row, Table, numbers, texts


@dataclass
class Arguments:
    """What is asked for.

    Attributes:
        status: Only show what waits.
    """

    status: bool


@hydra.main(**app.root_with_arguments("sync"))
def main(cfg: DictConfig) -> None:
    """Deliver what waits in the spool; it is an error if something is left."""
    with app.readable_errors():
        spool = Path(section(cfg, "tracking", TrackingOptions).spool).absolute()
        console = standard_output()
        waiting = pending(spool)
        if not waiting:
            console.print(f"Nothing waits in {spool}.", soft_wrap=True)
        elif arguments(cfg, Arguments).status:
            show(waiting, spool, console)
        else:
            _deliver(spool, waiting, console)


def _deliver(spool: Path, waiting: Sequence[PendingRun], console: Console) -> None:
    started = time.monotonic()
    calls = sum(run.calls for run in waiting)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("calls"))
    with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as progress:
        bar = progress.add_task(f"Delivering to {_stores(waiting)}", total=calls)
        left = deliver(spool, lambda now: progress.update(bar, completed=calls - sum(run.calls for run in now)))
    if left:
        raise TrackingError(complaint(left, len(waiting), spool))
    seconds = time.monotonic() - started
    console.print(
        f"Delivered {_count(calls, 'call')} of {_count(len(waiting), 'run')} to {_stores(waiting)} in {seconds:.0f} s.",
        soft_wrap=True,
    )


def show(waiting: Sequence[PendingRun], spool: Path, console: Console) -> None:
    """Print what waits, a table for each store, and why."""
    for uri in dict.fromkeys(run.uri for run in waiting):
        runs = [run for run in waiting if run.uri == uri]
        rows = (
            (
                f"{run.name} (still running)" if run.is_open else run.name,
                *(_time(run.opened_at), run.calls, decimal(run.size_bytes)),
            )
            for run in runs
        )
        said = (f"What the store said: {reason}" for reason in _reasons(runs))
        columns = (*texts("run", "since"), *numbers("calls", "on the disk"))
        terminal.show(Table(columns, tuple(map(Row, rows)), tuple(said)), console, f"Waiting for {uri or 'nobody'}")
    terminal.say([f"The calls are kept in {spool}; `python -m src.sync` delivers them."], console)


def complaint(left: Sequence[PendingRun], before: int, spool: Path) -> str:
    """What could not be delivered, where it is, since when, why, and what to do."""
    calls, size = sum(run.calls for run in left), sum(run.size_bytes for run in left)
    said = "\n".join(f"  {reason}" for reason in _reasons(left)) or f"  nothing; see {spool / 'courier.log'}"
    return (
        f"{len(left)} of {_count(before, 'run')} could not be delivered to {_stores(left)}: {_count(calls, 'call')},"
        f" {decimal(size)}, the oldest of {_time(min(run.opened_at for run in left))}. They wait in {spool}."
        f"\nWhat the store said:\n{said}\n"
        "Run `python -m src.sync` again when that is fixed; the next training tries as well."
    )


def _reasons(waiting: Sequence[PendingRun]) -> list[str]:
    return list(dict.fromkeys(run.error for run in waiting if run.error))[:3]


def _stores(waiting: Sequence[PendingRun]) -> str:
    return ", ".join(dict.fromkeys(run.uri for run in waiting if run.uri))


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


if __name__ == "__main__":
    sys.argv[1:] = ["status=true" if argument == "--status" else argument for argument in sys.argv[1:]]
    app.run(main)
