"""What the commands do, as functions: search in processes of its own, what a study has found, a decision."""

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from optuna_search import StudyView

from src.config import frozen
from src.config.grammar import as_text
from src.core.errors import ConfigError, TrainingError
from src.documents.decision import Decision
from src.stages.report.stage import report as write_report
from src.study.analysis import Analysis
from src.study.finished import load_study as find_study

HOME = Path(__file__).resolve().parents[1]
STAGES = ("prepare", "train", "evaluate", "tune_threshold", "decide")
_AS_IN_A_TERMINAL = ("FORCE_COLOR", "CLICOLOR_FORCE")
_CLEAR_LINE = "\x1b[K"
_PIPELINE = Path("outputs/pipeline")


def search(
    data: str | Path | None = None,
    model: str | None = None,
    space: Mapping[str, Any] | None = None,
    *,
    n_trials: int | None = None,
    name: str | None = None,
    overrides: Sequence[str] = (),
) -> StudyView:
    """Search, and return the study.

    The configuration is that of `python -m src.train -m`; whatever is not named here is an override.

    Args:
        data: A file of `conf/data`, or the path of a data set; None for the embedded one.
        model: A file of `conf/model`, or several separated by commas.
        space: By override key what is searched, in Hydra's grammar (`interval(1e-4,1e-2)`) or as a list of values; None
            for that of the search (`search=default`, or what the overrides choose).
        n_trials: The study's total.
        name: The study's name; a name that is there resumes that study.
        overrides: Further overrides, such as `train.epochs=20` or `search=deploy`.

    Returns:
        The study's view, with its trials, the best ones and their values.

    Side effects: trains, in processes of its own, and prints their progress; writes to `multirun`.

    Raises:
        ConfigError: something cannot be composed.
        TrainingError: the search ended without a result; it has said why.
    """
    name = name or f"search-{datetime.now():%Y-%m-%d_%H-%M-%S}"
    path = data.expanduser().absolute() if isinstance(data, Path) else data
    given = [
        *([] if space is None or any(each.startswith("search=") for each in overrides) else ["search=base"]),
        *([] if path is None else [f"data={path}"]),
        *([] if model is None else [f"model={model}"]),
        *overrides,
        *(f"{key}={_searched(values)}" for key, values in (space or {}).items()),
        *([] if n_trials is None else [f"hydra.sweeper.n_trials={n_trials}"]),
        f"hydra.sweeper.study_name={as_text(name)}",
    ]
    if status := run("train", "-m", *given):
        raise TrainingError(f"The search {name} ended with status {status} and has said why.")
    return load_study(name, *overrides)


def load_study(name: str, *overrides: str) -> StudyView:
    """A study by its name.

    Args:
        name: Its name.
        overrides: What the search said of its storage (`hydra.sweeper.storage=…`), if anything.

    Raises:
        ConfigError: there is no such study.
    """
    return find_study(frozen.storage_of([own for own in overrides if own.startswith("hydra.sweeper.storage")]), name)


def report(study: StudyView | str, folder: Path | str | None = None) -> Analysis:
    """What a study says: `board` has the settings against the best one and against the starting weights.

    Args:
        study: The study, or its name.
        folder: Where `report.html` and the tables go; None for `outputs/report/NAME`.

    Side effects: writes into the folder.
    """
    found = load_study(study) if isinstance(study, str) else study
    return write_report(found, Path(folder or Path("outputs") / "report" / found.name))


def freeze(study: StudyView | str | None = None, trial: int | None = None, overrides: Sequence[str] = ()) -> Path:
    """Write the configuration of a study's best trial, or of overrides alone, for `decide`.

    Args:
        study: The study, or its name; None for the overrides alone.
        trial: Which of its trials; None for the best one.
        overrides: What is to be different, such as `train.epochs=50`.

    Returns:
        `params.yaml`.

    Side effects: replaces that file, and `study.json` where a study is named.

    Raises:
        ConfigError: there is no such study or trial, or something cannot be composed.
    """
    from src.freeze import freeze as frozen_by
    from src.freeze import keep

    name = study.name if isinstance(study, StudyView) else study
    given = [*overrides, *([] if name is None else [f"+study={name}"]), *([] if trial is None else [f"+trial={trial}"])]
    keep(frozen_by(given))
    return frozen.FILE


def decide(stages: Sequence[str] = STAGES) -> Decision:
    """Make the model of `params.yaml` and decide about it, or run some of the stages again.

    Args:
        stages: Some of `STAGES`, in their order, the last of them `decide`.

    Side effects: trains, in a process of its own; writes to `outputs/pipeline`.

    Raises:
        ConfigError: a stage is none, or there is no `params.yaml`.
        TrainingError: a stage ended without a result; it has said why.
    """
    if unknown := [stage for stage in stages if stage not in STAGES]:
        raise ConfigError(f"stages: {', '.join(unknown)}: expected some of {', '.join(STAGES)}.")
    if not frozen.FILE.is_file():
        raise ConfigError(
            f"There is no {frozen.FILE} in {Path.cwd()}. `freeze +study=NAME` writes it, of a study's best trial; "
            "`freeze KEY=VALUE …` of settings."
        )
    for stage in stages:
        if status := run(stage, "-cd", ".", "-cn", "params"):
            raise TrainingError(f"The stage {stage} ended with status {status} and has said why.")
    return Decision.read(_PIPELINE / "decide")


def run(command: str, *arguments: str) -> int:
    """Run a command as from a shell, and return its status.

    Where the output is no terminal, as in a notebook, it is passed on line by line, of a progress bar its last state.
    """
    line, environment = program(command, *arguments)
    passes_on = not sys.stdout.isatty()
    output: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT} if passes_on else {}
    if passes_on:  # a notebook's kernel asks for colours, which Rich takes for a terminal that it can redraw
        environment = {name: value for name, value in environment.items() if name not in _AS_IN_A_TERMINAL}
    with subprocess.Popen(line, env=environment, **output) as process:
        try:
            for written in process.stdout or ():
                print(_last_state(written.decode(errors="replace")), flush=True)
        except KeyboardInterrupt:
            process.send_signal(signal.SIGINT)  # a notebook's reaches its own process only
            raise
        finally:
            status = process.wait()
    return int(status)


def program(command: str, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """The command line and environment of `python -m src.COMMAND`, whatever else is called `src` where it starts."""
    in_repository = Path.cwd() == HOME
    safe = {} if in_repository else {"PYTHONSAFEPATH": "1"}  # not the folder's own src first
    return [sys.executable, "-m", f"src.{command}", *arguments], {**os.environ, **safe}


def _last_state(line: str) -> str:
    """What a terminal would show of a line in the end."""
    return line.rstrip("\r\n").rpartition("\r")[2].replace(_CLEAR_LINE, "")


def _searched(values: Any) -> str:
    if isinstance(values, str):
        return values
    if isinstance(values, Sequence):
        return f"choice({','.join(map(as_text, values))})"
    return as_text(values)
