"""Unit tests on the other Pythons ≥ 3.11 of this machine, newest of each minor version.

Each gets an environment of its own from the lock, kept in `~/.cache/detection-search/pythons`: 1.5 GB, most of them
hard links into uv's cache, made in half a minute when the packages are there. PyTorch would add 6 GB to each, and what
comes with it and Ray needs no test here; the few unit tests that run PyTorch are therefore left out. Property tests
have fewer examples here than in the other run, and a failed assertion shows its line only.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CACHE = Path.home() / ".cache" / "detection-search" / "pythons"
OLDEST = (3, 11)
LEFT_OUT = re.compile(r"(torch|torchvision|triton|ray|moto|cfn-lint|ultralytics-thop|cuda-[a-z]+|nvidia-[a-z0-9-]+)==")
NEEDS_TORCH = (
    "tests/unit/detector/test_trainer.py",
    "tests/unit/passes/test_figures.py",
    "tests/unit/stages/promote/test_against_incumbent.py",
    "tests/unit/stages/test_as_deployed.py",
    "tests/unit/stages/test_prepare_contradicted.py",
)

OF_THE_METHOD = "tests/unit/test_calibration.py"  # random studies, which say how good the method is, on one Python
WITHOUT = "thop torch torchvision ray"  # modules of what LEFT_OUT leaves out
SWEEPER = f"{ROOT}/packages/sweeper"
IMPORT_ALL = """
import importlib, importlib.util, pkgutil, sys
left_out, *packages = sys.argv[1:]
for package in packages:
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, package + "."):
        compile(importlib.util.find_spec(module.name).loader.get_source(module.name), module.name, "exec")
        try:
            importlib.import_module(module.name)
        except ModuleNotFoundError as error:
            if error.name not in left_out.split():
                raise
"""


def other_pythons() -> dict[str, Path]:
    """Interpreters by `major.minor`, of pyenv and of the PATH."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    found: dict[tuple[int, ...], Path] = {}
    for folder in (*map(Path, os.environ["PATH"].split(os.pathsep)), *pyenv.glob("versions/3.*/bin")):
        for path in folder.glob("python3.*"):
            number = re.fullmatch(r"python3\.(\d+)", path.name)
            if number and folder != pyenv / "shims":
                version = re.fullmatch(r"3\.\d+\.(\d+)", folder.parent.name)
                found[(3, int(number[1]), int(version[1]) if version else 0)] = path
    newest = {(major, minor): found[(major, minor, patch)] for major, minor, patch in sorted(found)}
    return {
        f"{major}.{minor}": path
        for (major, minor), path in newest.items()
        if (major, minor) >= OLDEST and (major, minor) != sys.version_info[:2]
    }


PYTHONS = other_pythons()


def run(*command: str | Path, **variables: str) -> str:
    done = subprocess.run(
        list(map(str, command)),
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST")} | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-10_000:]
    return done.stdout


def environment(version: str) -> Path:
    """The interpreter of an environment with the packages of the lock; made again when the lock has changed."""
    blocks = re.split(r"\n(?=\S)", (ROOT / "requirements.lock").read_text())
    lock = "\n".join(block for block in blocks if not LEFT_OUT.match(block)) + "\n"
    folder = CACHE / version
    python, stamp = folder / "bin" / "python", folder / "digest"
    digest = hashlib.sha256(f"{PYTHONS[version]}\n{lock}".encode()).hexdigest()
    if not stamp.exists() or stamp.read_text() != digest:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        assert uv is not None, "uv makes the environments: pip install uv"
        run(uv, "venv", "--quiet", "--clear", "--python", PYTHONS[version], folder)
        (folder / "light.lock").write_text(lock)
        run(uv, "pip", "install", "--quiet", "--no-deps", "--python", python, "-r", folder / "light.lock")
        stamp.write_text(digest)
    return python


def run_tests(version: str, *tests: str) -> None:
    """Run those of these tests that need no PyTorch, in one process; they have to pass."""
    began = time.perf_counter()
    python = environment(version)
    made = time.perf_counter()
    left_out = [f"--ignore={path}" for path in (*NEEDS_TORCH, OF_THE_METHOD)]
    few = ["--hypothesis-profile=few", "--assert=plain"]
    options = ["-q", "-m", "not slow", "-p", "no:cacheprovider", *few, *left_out]
    printed = run(python, "-m", "pytest", *options, *tests, PYTHONPATH=SWEEPER)
    seconds = time.perf_counter() - made
    print(f"Python {version}: environment {made - began:.0f} s, tests {seconds:.0f} s; {printed.splitlines()[-1]}")


def import_all(version: str, *packages: str) -> None:
    """Compile and import every module of these packages; that something will be gone or is no syntax is an error."""
    warnings = [f"-Werror::{kind}Warning" for kind in ("Syntax", "Deprecation", "PendingDeprecation")]
    run(environment(version), *warnings, "-c", IMPORT_ALL, WITHOUT, *packages, PYTHONPATH=SWEEPER)
