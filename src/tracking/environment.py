"""What a run ran on: packages, machine, code version, command line."""

import functools
import getpass
import importlib.metadata
import os
import platform
import re
import shlex
import subprocess
import sys
from pathlib import Path

PACKAGES = ("hydra-core", "optuna", "ultralytics", "torch", "torchvision", "numpy", "mlflow", "dvc")

_SECRET_NAME = re.compile(r"pass(word|wd)?|secret|token|credential|api_?key|access_?key", re.IGNORECASE)
_URL_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")
_GIT_TIMEOUT_S = 5
_CODE = Path(__file__).parent  # the commit of the code that runs, wherever it was started from


def describe_environment() -> dict[str, str]:
    """Everything about the machine, the code and this process that may explain a result.

    The machine and the code are looked at once per process; that takes some 50 ms, mostly git's.
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
        "git.commit": _git("rev-parse", "HEAD"),
        "git.branch": _git("rev-parse", "--abbrev-ref", "HEAD"),
        "git.dirty": _dirtiness(),
    }
    return {name: value for name, value in facts.items() if value}


def describe_process() -> dict[str, str]:
    """Command line without secrets, user, and the GPU when torch is loaded and has one."""
    facts = {"command": command_line(sys.orig_argv), "script": Path(sys.argv[0]).name, "user": _user(), "gpu": _gpu()}
    return {name: value for name, value in facts.items() if value}


def command_line(arguments: list[str]) -> str:
    """A command line in which the values of password-like settings and the credentials in URLs are replaced."""
    return shlex.join(_without_secret(argument) for argument in arguments)


def without_credentials(url: str) -> str:
    """A URL in which `user:password@` is replaced."""
    return _URL_CREDENTIALS.sub(r"\1***@", url)


def _without_secret(argument: str) -> str:
    name, equals, _ = argument.partition("=")
    if equals and _SECRET_NAME.search(name):
        return f"{name}=***"
    return without_credentials(argument)


def _version(package: str) -> str:
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container without an entry for its user
        return ""


def _cpu_model() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return model.group(1) if model else platform.processor()


def _memory_gib() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on this platform
        return ""
    return f"{size / 2**30:.1f}"


def _gpu() -> str:
    """The GPU's name, without importing torch and without making a CUDA context in a process that has none."""
    torch = sys.modules.get("torch")
    cuda = getattr(torch, "cuda", None)
    if cuda is None or not cuda.is_initialized():
        return ""
    return str(cuda.get_device_name())


def _dirtiness() -> str:
    changes = _git("status", "--porcelain", "--untracked-files=no")
    return "" if changes is None else str(bool(changes)).lower()


def _git(*arguments: str) -> str | None:
    """What git prints, or None without git or outside a repository."""
    try:
        result = subprocess.run(
            ["git", "-C", str(_CODE), *arguments], capture_output=True, text=True, check=True, timeout=_GIT_TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return result.stdout.strip()
