"""Slots as threads of the controller's process, for which no launcher is needed.

Each trial has a process of its own, so that a slot only waits for its trial and talks to the study. All slots share
one fork server, which imports the task's modules once.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any, TypeVar

from optuna_search.errors import SpaceError
from optuna_search.hydra_internals import BASIC_LAUNCHER
from optuna_search.trial.devices import slots_of_machine
from optuna_search.trial.job import Terminated
from optuna_search.trial.memory import MemoryRoom
from optuna_search.trial.shared_gpu import SharedGpu
from optuna_search.trial.stop import Stop

T = TypeVar("T")


AUTO = "auto"


@dataclass(frozen=True)
class Beside:
    """What slots in threads have in common.

    Attributes:
        stop: Ends them.
        room: The memory that their trials share.
        gpus: The GPUs on which trials find out how many of them fit.
    """

    stop: Stop
    room: MemoryRoom
    gpus: Mapping[str, SharedGpu]

    @classmethod
    def nobody(cls) -> "Beside":
        """Of a slot that is alone in its process."""
        return cls(Stop(), MemoryRoom(limited=False), {})


def count_slots(options: Mapping[str, Any], launcher: Mapping[Any, Any]) -> int:
    """How many slots `hydra.sweeper.n_jobs` means.

    Raises:
        SpaceError: `auto` is asked of a launcher of which nobody knows how much it can run at once.
    """
    n_jobs = options["n_jobs"]
    if n_jobs != AUTO:
        return int(n_jobs)
    if not runs_here(launcher):
        raise SpaceError(
            "hydra.sweeper.n_jobs=auto counts what this machine can run at once, for Hydra's own launcher. With "
            f"hydra.launcher._target_={launcher.get('_target_')} give a number of slots, as in hydra.sweeper.n_jobs=4."
        )
    if options["isolation"] == "none":  # then trials run in this process, one after the other
        return 1
    return min(int(options["n_trials"]), slots_of_machine(options["devices"], options["slots_per_gpu"]))


def runs_here(launcher: Mapping[Any, Any]) -> bool:
    """Whether the launcher is Hydra's own, which runs jobs one after the other in the controller's process."""
    return launcher.get("_target_") == f"{BASIC_LAUNCHER}.BasicLauncher"


def run_in_threads(tasks: Sequence[Callable[[], T]], stop: Stop) -> list[T]:
    """Run each task in a thread and wait until all have ended, by themselves or because `stop` has told them to.

    Raises:
        KeyboardInterrupt, Terminated: What the main thread was told, once all tasks have ended.
        Exception: What a task raised; of several the first task's.
    """
    told: BaseException | None = None
    with ThreadPoolExecutor(len(tasks), thread_name_prefix="slot") as pool:
        futures = [pool.submit(task) for task in tasks]
        while not all(future.done() for future in futures):
            try:
                wait(futures)
            except (KeyboardInterrupt, Terminated) as error:
                told = error
                stop.ask(error)
    if told is not None:
        raise told
    return [future.result() for future in futures]
