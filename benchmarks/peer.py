"""The official hydra-optuna-sweeper in an environment of its own, and one Hydra app that runs under both sweepers."""

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CACHE = Path.home() / ".cache" / "sweeper-benchmarks"
OFFICIAL = (
    "hydra-core==1.4.0rc3",
    "hydra-optuna-sweeper==1.4.0rc3",
    "hydra-joblib-launcher==1.4.0rc3",
    "optuna==5.0.0",
)

# What a trial does is what its environment says: nothing but to note when it ran, and to sleep a while.
APP = """
import os, random, time
import hydra
from hydra.core.config_store import ConfigStore

ConfigStore.instance().store("config", {"x": 0.5, "y": 0.5, "n": 1, "kind": "a", "point": 0})

@hydra.main(version_base="1.3", config_path=None, config_name="config")
def main(cfg):
    began = time.time()
    sleeps = os.environ.get("SLEEPS", "0").split()
    slept = float(random.Random(cfg.point).choice(sleeps))
    time.sleep(slept)
    with open(os.environ["NOTES"], "a") as file:
        file.write(f"{began} {time.time()} {slept}\\n")
    return (cfg.x - 0.3) ** 2 + cfg.y

if __name__ == "__main__":
    main()
"""


@dataclass(frozen=True)
class Sweep:
    """What the trials of a sweep have noted, in the order in which they began.

    Attributes:
        began: When each trial began, in seconds since the epoch.
        ended: When each trial ended.
        slept: How long each trial slept, in seconds.
        seconds: The whole program's time.
    """

    began: list[float]
    ended: list[float]
    slept: list[float]
    seconds: float


def make_environment(folder: Path, requirements: tuple[str, ...]) -> Path:
    """Install packages into an environment of their own, unless it is there already.

    Args:
        folder: Where the environment is, or is to be.
        requirements: What to install.

    Returns:
        Its Python interpreter.

    Raises:
        FileNotFoundError: There is no uv.
    """
    python, stamp = folder / "bin" / "python", folder / "requirements.txt"
    wanted = "\n".join(requirements)
    if not stamp.exists() or stamp.read_text() != wanted:
        uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
        if uv is None:
            raise FileNotFoundError(
                "uv makes the other environment and is neither in this one nor on the PATH: pip install uv"
            )
        subprocess.run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(folder)], check=True)
        install = ["pip", "install", "--quiet", "--prerelease", "allow", "--python", str(python)]
        subprocess.run([uv, *install, *requirements], check=True)
        stamp.write_text(wanted)
    return python


def run_sweep(python: Path | str, folder: Path, *overrides: str, **environment: str) -> Sweep:
    """Run the app as a sweep and return what its trials noted; this project's plugin serves its own interpreter only.

    Args:
        python: The interpreter.
        folder: Where to run, made anew.
        overrides: Of the sweep.
        environment: Variables for the app.
    """
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(APP)
    notes = folder / "notes.txt"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    if str(python) == sys.executable:
        variables["PYTHONPATH"] = str(ROOT)
    command = [str(python), "app.py", "-m", "hydra/sweeper=optuna", *overrides]
    started = time.perf_counter()
    done = subprocess.run(
        command,
        cwd=folder,
        env=variables | {"NOTES": str(notes)} | environment,
        text=True,
        capture_output=True,
        check=False,
    )
    seconds = time.perf_counter() - started
    if done.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    rows = sorted(tuple(map(float, line.split())) for line in notes.read_text().splitlines())
    began, ended, slept = (list(column) for column in zip(*rows, strict=True))
    return Sweep(began, ended, slept, seconds)
