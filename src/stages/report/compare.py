"""The command `report compare`: runs of the store in, a page about their differences out."""

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from src.core.files import write_text
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.recorded import RecordedRun, find_runs
from src.render.study import as_html
from src.study.pages.runs_page import page
from src.study.run_comparison import RECORDS, RunComparison, compare_with_first

FOLDER = Path("outputs/compare")
PAGE = "report.html"
_LONGEST = 80  # characters of a folder's name


def compare_runs(
    options: TrackingOptions, names: Sequence[str], folder: str | None = None
) -> tuple[RunComparison, Path]:
    """Compare runs of the store and write the page about it.

    Args:
        options: Where the runs are recorded.
        names: Ids, beginnings of ids, or names; at least two.
        folder: Where to write; None for a folder of `outputs/compare` that is named after the runs.

    Returns:
        The comparison, and where its page is.

    Side effects: reads the store; writes `report.html`.

    Raises:
        TrackingError: the store cannot be read, or does not know exactly one run of a name.
    """
    with tempfile.TemporaryDirectory() as scratch:
        found = find_runs(options, names, artifact=RECORDS, folder=Path(scratch))
        comparison = compare_with_first(found)
    path = (Path(folder) if folder else FOLDER / _folder_name(found)) / PAGE
    write_text(path, as_html(page(comparison)))
    return comparison, path


def _folder_name(found: Sequence[RecordedRun]) -> str:
    # with their ids, because every study has a trial 0
    named = (f"{run.name}-{run.run_id[:8]}" for run in found)
    return re.sub(r"[^\w.-]+", "-", "_vs_".join(named))[:_LONGEST].strip("-")
