"""What a run ran on: packages, machine, code version, command line."""

import functools
import getpass
import importlib.metadata
import os
import platform
import re
import subprocess
import sys
from pathlib import Path

from src.core.secrets import command_line

PACKAGES = ("hydra-core", "optuna", "ultralytics", "torch", "torchvision", "numpy", "mlflow", "dvc")

_TIMEOUT_S = 5
_CODE = Path(__file__).parent  # the commit of the code that runs, wherever it was started from


def describe_environment() -> dict[str, str]:
    """Everything about the machine, the code and this process that may explain a result.

    The machine and the code are looked at once per process; that takes some 50 ms, mostly git's, and what the GPU
    driver takes where there is one.
    """
    return {**describe_machine(), **describe_process()}


@functools.cache
def describe_machine() -> dict[str, str]:
    """Package versions, interpreter, hardware and git commit; what cannot be found out is left out."""
    versions = {f"package.{name}": version for name in PACKAGES if (version := _version(name))}
    facts = {
        **versions,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu_model(),
        "cpu_cores": str(os.cpu_count() or ""),
        "memory_gib": _memory_gib(),
        "gpus": _gpus(),
        "git.commit": _git("rev-parse", "HEAD"),
        "git.branch": _git("rev-parse", "--abbrev-ref", "HEAD"),
        "git.dirty": _dirtiness(),
    }
    return {name: value for name, value in facts.items() if value}


def machine_now() -> dict[str, str]:
    """The machine and the code as they are now, not as they were when this process first looked."""
    describe_machine.cache_clear()  # a courier lives for many runs, between which the code may change
    return describe_machine()


def describe_process() -> dict[str, str]:
    """Command line without secrets, and user."""
    facts = {"command": command_line(sys.orig_argv), "script": Path(sys.argv[0]).name, "user": _user()}
    return {name: value for name, value in facts.items() if value}


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container without an entry for its user
        return ""


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return model.group(1) if model else platform.processor()


def _memory_gib() -> str:
    if not hasattr(os, "sysconf"):  # Windows
        return ""
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):  # not on this platform
        return ""
    return f"{size / 2**30:.1f}"


def _gpus() -> str | None:
    """The GPUs as the driver lists them: torch would have to be imported, or to make a context, to tell."""
    return _output_of("nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader")


def _dirtiness() -> str:
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return "" if changes is None else str(bool(changes)).lower()


def _git(*arguments: str) -> str | None:
    """What git says about the code, or None without git or outside a repository."""
    return _output_of("git", "-C", str(_CODE), *arguments)


def _output_of(*command: str) -> str | None:
    """What a program prints, or None where it is missing, fails or hangs."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True, timeout=_TIMEOUT_S)
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
