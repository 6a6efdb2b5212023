"""How many slots the configured launcher runs at once; the others would wait for those to end, without a trial."""

import importlib
import os
from collections.abc import Callable, Mapping
from typing import Any

from omegaconf import DictConfig, OmegaConf

from optuna_search.trial.devices import visible_gpus


def capacity(launcher: DictConfig) -> int | None:
    """How many jobs a launcher runs at once.

    Args:
        launcher: The node `hydra.launcher`.

    Returns:
        None where that is unknown or unlimited: a Ray cluster that exists already, submitit's local processes, a
        launcher of somebody else's.
    """
    known = _KNOWN.get(_name(launcher))
    return known[0](launcher) if known else None


def too_few_slots(n_jobs: int, launcher: DictConfig) -> str | None:
    """What to warn of if the launcher does not run all slots at once, naming the setting to change."""
    at_once = capacity(launcher)
    if at_once is None or at_once >= n_jobs:
        return None
    advice = _KNOWN[_name(launcher)][1].format(n_jobs=n_jobs)
    return (
        f"hydra.sweeper.n_jobs={n_jobs}, but the launcher runs {at_once} at once: the other slots will start when one "
        f"of these has ended, which is when nothing is left to do. {advice}"
    )


def _name(launcher: DictConfig) -> str:
    return str(launcher.get("_target_", "")).rpartition(".")[2]


def _basic(_: DictConfig) -> int:
    return 1


def _joblib(launcher: DictConfig) -> int:
    count: int = importlib.import_module("joblib").effective_n_jobs(launcher.n_jobs)
    return count


def _slurm(launcher: DictConfig) -> int:
    return int(launcher.array_parallelism)


def _ray(launcher: DictConfig) -> int | None:
    """A cluster that Ray starts on this machine has its CPUs and GPUs; a task takes one CPU if nothing else is said."""
    start, task = (OmegaConf.to_container(part, resolve=True) for part in (launcher.ray.init, launcher.ray.remote))
    assert isinstance(start, dict)
    assert isinstance(task, dict)
    if start.get("address") not in (None, "local") or (start.get("address") is None and "RAY_ADDRESS" in os.environ):
        return None
    places = [
        _places(start.get("num_cpus"), os.cpu_count() or 1, task.get("num_cpus", 1)),
        _places(start.get("num_gpus"), len(visible_gpus()), task.get("num_gpus", 0)),
    ]
    return min((count for count in places if count is not None), default=None)


def _places(offered: float | None, found: int, wanted: float | None) -> int | None:
    return int((found if offered is None else offered) / wanted) if wanted else None


# class: (how many jobs it runs at once, what to do for more)
_KNOWN: Mapping[str, tuple[Callable[[DictConfig], Any], str]] = {
    "BasicLauncher": (
        _basic,
        "Set hydra/launcher=joblib hydra.launcher.n_jobs={n_jobs} (pip install hydra-joblib-launcher), or "
        "hydra.sweeper.n_jobs=1.",
    ),
    "JoblibLauncher": (_joblib, "Set hydra.launcher.n_jobs={n_jobs}."),
    "SlurmLauncher": (_slurm, "Set hydra.launcher.array_parallelism={n_jobs}."),
    "RayLauncher": (
        _ray,
        "Set +hydra.launcher.ray.init.num_cpus={n_jobs}, or a smaller share for each with "
        "+hydra.launcher.ray.remote.num_cpus (and num_gpus).",
    ),
}
