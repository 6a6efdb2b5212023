"""The sweep that trains one setting with several seeds: the trial's own command line, and a space of seeds."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from omegaconf import DictConfig

from src.core.errors import TrainingError
from src.study.comparison import SEED
from src.study.confirmed import confirming_study

_ENUMERATING = ("GridSampler", "BruteForceSampler")
_ANY_SEED = "range(0,2147483647)"  # the same in every sweep, so that seeds can be added later
_CALLBACKS = "hydra.sweeper.callbacks"


def arguments(
    trial_overrides: Sequence[str],
    own: DictConfig,
    *,
    study: str,
    trial: int,
    run_id: str | None,
    seeds: Sequence[int],
    total: int,
    folder: Path,
    said: Sequence[str],
) -> list[str]:
    """The arguments of `python -m src.train`.

    Args:
        trial_overrides: What the trial was run with.
        own: The composition of these.
        study: The study it belongs to.
        trial: Its number.
        run_id: That study's run in the tracker.
        seeds: To train with.
        total: How many trainings the sweep has then, those of earlier calls included.
        folder: Where the sweep writes.
        said: What the user said for all sweeps, such as how many run at once.
    """
    sweeper = own.hydra.sweeper
    enumerates = str(sweeper.sampler.get("_target_", "")).endswith(_ENUMERATING)
    points = ",".join(f"{{{SEED}:{seed}}}" for seed in seeds)
    callback = {"study": study, "trial": trial, "run_id": run_id}
    return [
        *(override for override in trial_overrides if override.lstrip("+").partition("=")[0] != SEED),
        *said,
        # every point is given: the sampler has nothing to choose, and one that enumerates would list all seeds
        *(["hydra/sweeper/sampler=random"] if enumerates else []),
        "hydra/sweeper/pruner=none",  # a pruned seed would be missing in the mean
        "hydra.sweeper.params=null",
        "hydra.sweeper.repeats=null",
        "hydra.sweeper.warm_start_from=null",
        f"{SEED}={_ANY_SEED}",
        f"hydra.sweeper.enqueue=[{points}]",
        f"hydra.sweeper.n_trials={total}",
        f"hydra.sweeper.study_name={json.dumps(confirming_study(study, trial), ensure_ascii=False)}",
        f"hydra.sweep.dir={json.dumps(str(folder), ensure_ascii=False)}",
        *(f"~{_CALLBACKS}.{name}" for name in sweeper.callbacks),
        f"+{_CALLBACKS}.confirm._target_=src.mlflow.study.ConfirmingRun",
        *(f"+{_CALLBACKS}.confirm.{name}={json.dumps(value, ensure_ascii=False)}" for name, value in callback.items()),
    ]


def run(sweep: Sequence[str]) -> None:
    """Run the sweep; it resumes what an interrupted one has left.

    Side effects: starts a program, which prints its progress.

    Raises:
        TrainingError: it failed.
        KeyboardInterrupt: after it has ended, which it does by itself.
    """
    command = [sys.executable, "-m", "src.train", "-m", *sweep]
    with subprocess.Popen(command) as process:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            process.wait()  # Ctrl-C has reached it, too
            raise
    if status:
        raise TrainingError(
            f"The sweep ended with status {status} and has said why above. The same command resumes it."
        )
