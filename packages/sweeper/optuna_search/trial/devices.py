"""Which GPU and how many CPU threads a slot gives to its trials.

Only environment variables are read and handed out: nothing here imports torch or initialises CUDA, which a worker must
not do before it forks.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from omegaconf import ListConfig

from optuna_search.cores import available_cores
from optuna_search.errors import SpaceError
from optuna_search.trial.shared_gpu import SharedGpu

CUDA = "CUDA_VISIBLE_DEVICES"
THREADS = "OMP_NUM_THREADS"
ALL, NONE = "auto", "cpu"
FOUND = "auto"  # how many slots share a GPU is found while trials run
LISTING_S = 60.0  # a machine with many sleeping GPUs takes seconds to list them
_NUMBER = re.compile(r"\d+")
_UUID = re.compile(r"(GPU|MIG)-\S+")
_LISTED_GPU = re.compile(r"GPU (\d+):")
_LISTED_PART = re.compile(r"\s+MIG .*UUID: (MIG-[^)\s]+)\)")


def visible_gpus() -> tuple[str, ...]:
    """The GPUs that a process started here could use, as CUDA_VISIBLE_DEVICES names them.

    They come from CUDA_VISIBLE_DEVICES if it is set, else from `nvidia-smi -L`; of a GPU that is divided (MIG) its
    parts. Where there is neither, none is known, which does not mean that there is none.
    """
    named = os.environ.get(CUDA)
    return _listed() if named is None else _named(named)


def share(
    slot: int, slots: int, devices: str | Sequence[int | str], slots_per_gpu: int | str, cpus_shared: bool
) -> dict[str, str]:
    """The environment variables that give a slot's trials their share of the machine, one GPU at most.

    Where a scheduler has given the slot a GPU of its own, that is the only one visible, and the slot gets it.

    Args:
        slot: The slot's index.
        slots: How many slots the sweep has.
        devices: `auto` for every visible GPU, `cpu` for none, or some of those that are visible.
        slots_per_gpu: How many slots share a GPU; `auto` for as many as there are.
        cpus_shared: Whether all slots run on the CPUs of this process.

    Returns:
        CUDA_VISIBLE_DEVICES unless no GPU is known; OMP_NUM_THREADS if several slots share the CPUs and neither the
        user nor the launcher has set it.

    Raises:
        SpaceError: A listed device is not visible here.
    """
    environment: dict[str, str] = {}
    gpus = _chosen(devices)
    if devices == NONE:
        environment[CUDA] = ""
    elif gpus:
        environment[CUDA] = gpus[slot // (1 if isinstance(slots_per_gpu, str) else slots_per_gpu) % len(gpus)]
    if cpus_shared and slots > 1 and THREADS not in os.environ:
        environment[THREADS] = str(max(1, available_cores() // slots))
    return environment


def shortage(n_jobs: int, devices: str | Sequence[int | str], slots_per_gpu: int | str) -> str | None:
    """What to warn of if slots on this machine would share a GPU beyond `slots_per_gpu`.

    Listed devices are not looked for: the controller may run where there are none.
    """
    gpus = _named_gpus(devices)
    if isinstance(slots_per_gpu, str) or n_jobs <= len(gpus) * slots_per_gpu or not gpus:
        return None
    needed = -(-n_jobs // len(gpus))
    return (
        f"{n_jobs} slots use {len(gpus)} GPU(s) ({', '.join(gpus)}) with "
        f"hydra.sweeper.slots_per_gpu={slots_per_gpu}: up to {needed} trials will run on one of them at the same time. "
        f"If they fit, say so with hydra.sweeper.slots_per_gpu={needed}; else set "
        f"hydra.sweeper.n_jobs={len(gpus) * slots_per_gpu}."
    )


def slots_of_machine(devices: str | Sequence[int | str], slots_per_gpu: int | str) -> int:
    """How many trials run at once on this machine at most: one a core, or `slots_per_gpu` a GPU where there are GPUs.

    Where the number for a GPU is to be found, half as many as there are cores, and one for each GPU at least: a core
    starts the kernels of a trial, and another loads its data.
    """
    gpus = _named_gpus(devices)
    if gpus and isinstance(slots_per_gpu, str):
        return len(gpus) * max(1, available_cores() // 2 // len(gpus))
    return len(gpus) * int(slots_per_gpu) if gpus else available_cores()


def shared_gpus(devices: str | Sequence[int | str], slots_per_gpu: int | str) -> dict[str, SharedGpu]:
    """The GPUs on which trials find out how many of them fit, by name; none where their number is given."""
    return {name: SharedGpu(name) for name in _named_gpus(devices)} if slots_per_gpu == FOUND else {}


def check_devices(devices: Any, slots_per_gpu: Any) -> None:
    """Refuse settings that are none; whether a listed GPU is there is known only where a slot runs.

    Raises:
        SpaceError: A setting is outside what it may be.
    """
    is_number = isinstance(slots_per_gpu, int) and not isinstance(slots_per_gpu, bool)
    if slots_per_gpu != FOUND and (not is_number or slots_per_gpu < 1):
        raise SpaceError(f"hydra.sweeper.slots_per_gpu={slots_per_gpu!r}: expected a number of slots, or '{FOUND}'.")
    if devices in (ALL, NONE):
        return
    listed = list(devices) if isinstance(devices, list | tuple | ListConfig) else []
    names = [str(device) for device in listed]
    if not names or len(set(names)) < len(names) or not all(map(_is_device, names)):
        raise SpaceError(
            f"hydra.sweeper.devices={devices}: expected '{ALL}', '{NONE}' or a list of different GPUs by number or "
            "UUID, such as [0,1]."
        )


def _named_gpus(devices: str | Sequence[int | str]) -> tuple[str, ...]:
    """The GPUs that are asked for, whether they are here or not."""
    return visible_gpus() if devices == ALL else () if devices == NONE else tuple(map(str, devices))


def _chosen(devices: str | Sequence[int | str]) -> tuple[str, ...]:
    if devices == NONE:
        return ()
    visible = visible_gpus()
    if devices == ALL:
        return visible
    chosen = tuple(str(device) for device in devices)
    missing = [device for device in chosen if device not in visible]
    if missing:
        there = f"visible are {', '.join(visible)}" if visible else "no GPU is visible"
        because = f" ({CUDA}={os.environ[CUDA]})" if CUDA in os.environ else ""
        raise SpaceError(
            f"hydra.sweeper.devices=[{','.join(chosen)}]: {', '.join(missing)} cannot be used here; {there}{because}. "
            f"List only these, or set hydra.sweeper.devices={ALL if visible else NONE}."
        )
    return chosen


def _named(text: str) -> tuple[str, ...]:
    """What CUDA makes of its variable: it stops at what is no device, and takes none at all if one is repeated."""
    gpus: list[str] = []
    for name in (item.strip() for item in text.split(",")):
        if not _is_device(name):
            break
        if name in gpus:
            return ()
        gpus.append(name)
    return tuple(gpus)


def _is_device(name: str) -> bool:
    return bool(_NUMBER.fullmatch(name) or _UUID.fullmatch(name))


def _listed() -> tuple[str, ...]:
    program = shutil.which("nvidia-smi")
    if program is None:
        return ()
    try:
        done = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=LISTING_S, check=False)
    except subprocess.TimeoutExpired:  # a driver that hangs has no GPU to offer
        return ()
    gpus: list[list[str]] = []
    for line in done.stdout.splitlines() if done.returncode == 0 else ():
        if gpu := _LISTED_GPU.match(line):
            gpus.append([gpu[1]])
        elif part := _LISTED_PART.match(line):
            gpus[-1].append(part[1])
    return tuple(name for number, *parts in gpus for name in parts or [number])
