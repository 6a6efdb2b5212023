"""Record what the commands print at three widths: `python -m scripts.screens PROJECT STUDY > docs/screens.md`.

PROJECT is a folder in which a study and then the pipeline have run. The study's second half is shown as running.
"""

import io
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import optuna
from optuna.trial import TrialState, create_trial
from optuna_search.attributes import STEPS
from optuna_search.results.files import summarise
from optuna_search.results.progress import SweepProgress
from optuna_search.results.table import print_counts, print_table
from rich.console import Console

from src.config import frozen
from src.documents.decision import Decision
from src.documents.evaluation import Evaluation
from src.documents.latency import Latency
from src.documents.threshold import Threshold
from src.render.printed import decision, evaluation, threshold
from src.stages.report.show import show as show_report
from src.stages.report.stage import report
from src.study.finished import load_study

WIDTHS = (80, 100, 140)
_COLUMNS = ("replicate", "val/mAP50", "untrained val/mAP50", "flags")  # of search=default
_ORDER = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")  # to a terminal
_ERASE = "\x1b[2K"
_HEAD = """\
# Screens

What commands print on terminals of 80, 100 and 140 characters, recorded by `python -m scripts.screens` from a project
in which a study and then the pipeline have run. No number is cut, nor broken between two lines; where a table is too
wide, words are wrapped, an interval goes to the line below its value, and the rest of the columns follows below.
`confirm`, `promote`, `monitor` and `report compare` print through the same function, which is tested at every width.
"""
_RUNNING = "While a search runs"
_MADE_UP = """
The trials that run are made up, of the study's second half: in their second epoch, with half of what they reached.
"""
_PIPELINE = Path("outputs/pipeline")
Screen = Callable[[Console], None]


def main() -> None:
    """Print the page."""
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    os.chdir(sys.argv[1])
    sys.stdout.write(_HEAD)
    for title, screen in screens(sys.argv[2]):
        sys.stdout.write(f"\n## {title}\n")
        if title == _RUNNING:
            sys.stdout.write(_MADE_UP)
        for width in WIDTHS:
            sys.stdout.write(f"\n{width} characters:\n\n```text\n{recorded(screen, width)}\n```\n")


def screens(study: str) -> Iterator[tuple[str, Screen]]:
    """What is recorded, by title."""
    found = load_study(frozen.storage_of([]), study)
    done = [trial.frozen for trial in found.trials]
    whole, copy = (_study(study, found.objectives) for _ in range(2))
    whole.add_trials(done)
    copy.add_trials(done[: len(done) // 2])
    for trial in done[len(done) // 2 :]:  # as they might have been in their second epoch
        copy.add_trial(
            create_trial(
                state=TrialState.RUNNING, params=trial.params, distributions=trial.distributions,
                user_attrs={STEPS: trial.params["train.epochs"]}, intermediate_values={2: (trial.value or 0.0) / 2},
            )
        )  # fmt: skip

    def live(console: Console) -> None:
        with SweepProgress(copy, len(done), console):
            pass

    def end(console: Console) -> None:
        summary = summarise(whole, Path("multirun") / study)
        print_table(whole, summary, _COLUMNS, console)
        print_counts(whole, summary, console)

    yield _RUNNING, live
    yield "At the end of a search", end
    analysis = report(found, Path("outputs/report") / study)
    yield "report", lambda console: show_report(analysis, Path("outputs/report") / study, console)
    evaluated = Evaluation.read(_PIPELINE / "evaluate")
    latency = Latency.read(_PIPELINE / "evaluate")
    yield "evaluate", lambda console: evaluation.show(evaluated, latency, _PIPELINE / "evaluate", console)
    tuned = Threshold.read(_PIPELINE / "tune_threshold")
    yield "tune_threshold", lambda console: threshold.show(tuned, None, _PIPELINE / "tune_threshold", console)
    decided = Decision.read(_PIPELINE / "decide")
    yield "decide", lambda console: decision.show(decided, _PIPELINE / "decide", console)


def _study(name: str, objectives: Sequence[str]) -> optuna.Study:
    study = optuna.create_study(study_name=name, directions=["maximize"])
    study.set_metric_names([*objectives])
    return study


def recorded(screen: Screen, width: int) -> str:
    """The text that a terminal shows in the end."""
    output = io.StringIO()
    screen(Console(file=output, width=width, height=40, force_terminal=True, color_system=None, legacy_windows=False))
    lines = _ORDER.sub("", output.getvalue().rpartition(_ERASE)[2]).splitlines()
    return "\n".join(line.rstrip() for line in lines)


if __name__ == "__main__":
    main()
