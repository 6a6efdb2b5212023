"""Records what trainings of many settings reach, epoch by epoch, so that searches can be replayed without training.

A table has one training a row: the setting, the seed, and of each epoch its val/mAP50-95 and CPU seconds. All settings
are trained with the first seed, then all with the second, so that a table that is not complete can be used as well.
It is written after every training: a killed recording resumes where it was, also on another day or machine.

    .venv/bin/python benchmarks/record.py short [--seeds 3] [--cpu-minutes 60]
    .venv/bin/python benchmarks/record.py photographs --data coco128.zip --weights yolov8n.pt
    .venv/bin/python benchmarks/record.py long [--at-once 16 --device 0]

Each training runs in a process of its own, with one thread and in single precision. Times are CPU seconds of that
process, on a GPU too: it waits for the GPU in a loop.
"""

import argparse
import itertools
import math
import multiprocessing
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import optuna
import pyarrow as pa
import pyarrow.parquet as pq
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from omegaconf import DictConfig, OmegaConf

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from optuna_search.space.checks import default_point  # noqa: E402 - all below need the path
from optuna_search.space.space import Space, parse_space  # noqa: E402

from src.config import schema  # noqa: E402
from src.config.keys import CONF  # noqa: E402

METRIC = "val/mAP50-95"
TABLES = Path(__file__).with_name("tables")
DRAWN = 40  # settings of a space with many parameters


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        overrides: Which data, from which weights, in which space.
        space: The space, as a command line would give it; empty for that of `search=…` among the overrides.
        levels: The values of which every combination is a setting; empty to draw settings at random.
    """

    overrides: tuple[str, ...]
    space: tuple[str, ...] = ()
    levels: Mapping[str, Sequence[Any]] | None = None


LEARNING_RATES = tuple(float(f"{3e-4 * (5e-3 / 3e-4) ** (step / 6):.2g}") for step in range(7))
TASKS = {
    "short": Task(
        (
            *("search=default", "data.images=170", "data.splits={train: 100, val: 60, test: 10}", "data.side=96"),
            *("data.imgsz_choices=[96,64]", "data.name=short"),
        ),
        levels={"train.epochs": (4, 6, 9), "train.imgsz": (64, 96), "train.lr0": LEARNING_RATES},
    ),
    "photographs": Task(
        ("search=finetune", "data=coco128_person", "model=yolov8n", "data.imgsz_choices=[128,96]", "train.epochs=8"),
    ),
    "long": Task(
        (
            *("search=base", "data.images=120", "data.splits={train: 72, val: 40, test: 8}", "data.side=64"),
            *("data.imgsz_choices=[64]", "train.epochs=40", "train.batch=8", "data.name=long"),
        ),
        (
            "train.lr0=tag(log,interval(3e-4,1e-2))",
            "train.lrf=tag(log,interval(0.01,1.0))",
            "train.momentum=interval(0.7,0.97)",
            "train.weight_decay=tag(log,interval(1e-5,1e-1))",
            "train.warmup_epochs=interval(0.0,8.0)",
            "train.mosaic=choice(0.0,1.0)",
            "train.scale=interval(0.0,0.6)",
            "train.batch=choice(4,8,16)",
        ),
    ),
}


def main() -> None:
    """Record until the table has all its rows or the time is over."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", choices=TASKS)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cpu-minutes", type=float, default=math.inf, help="begin no training after so many")
    parser.add_argument("--data", type=Path, help="the archive coco128.zip, for photographs")
    parser.add_argument("--weights", type=Path, help="yolov8n.pt, likewise")
    parser.add_argument("--at-once", type=int, default=1, help="so many trainings")
    parser.add_argument("--device", default="cpu", help="cpu or the number of a GPU")
    said = parser.parse_args()
    task, path = TASKS[said.table], TABLES / f"{said.table}.parquet"
    more = {"data.archive": said.data, "model.weights": said.weights}
    overrides = [*task.overrides, *(f"{key}={value.resolve()}" for key, value in more.items() if value is not None)]
    rows = read(path)
    known = {(row["setting"], row["seed"]) for row in rows}
    with composing(), tempfile.TemporaryDirectory(prefix="record-") as folder:
        os.chdir(folder)
        settings = settings_of(task, overrides)
        if any(row[key] != value for row in rows for key, value in settings[row["setting"]].items()):
            sys.exit(
                f"{path} has other settings than are drawn now: move it away, or resume it with the code that began it."
            )
        prepare(overrides)
        left = [run for run in itertools.product(range(said.seeds), range(len(settings))) if run[::-1] not in known]
        spent = 0.0
        for row in recorded(left, settings, [*overrides, f"train.device={said.device}"], said):
            rows.append(row)
            write(path, sorted(rows, key=lambda row: (row["seed"], row["setting"])))
            spent += row["start_s"] + sum(row["epoch_s"]) + row["end_s"]
            print(f"{said.table}: {len(rows)} rows, {row['final']:.4f}, {spent / 60:.1f} CPU min", flush=True)


def recorded(
    left: Sequence[tuple[int, int]],
    settings: Sequence[Mapping[str, Any]],
    overrides: Sequence[str],
    said: argparse.Namespace,
) -> Iterator[dict[str, Any]]:
    """Train each seed and setting in a process of its own, forked from this one, which has imported all that it needs.

    None is begun once `--cpu-minutes` of processes have passed.
    """
    from src.detector import engine  # noqa: F401 - for the processes to come

    end = time.monotonic() + said.cpu_minutes * 60 / said.at_once
    runs = [
        (setting, seed, [*overrides, *assignments(settings[setting]), f"train.seed={seed}"], end)
        for seed, setting in left
    ]
    with multiprocessing.get_context("fork").Pool(said.at_once, maxtasksperchild=1) as processes:
        for row in processes.imap_unordered(trained, runs):
            if row is not None:
                yield {**row, **settings[row["setting"]]}


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a table, none if it is not there yet."""
    return list(pq.read_table(path).to_pylist()) if path.exists() else []


def write(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write a table, so that a kill leaves the old one or the new one."""
    path.parent.mkdir(exist_ok=True)
    beside = path.with_suffix(".new")
    pq.write_table(pa.Table.from_pylist(list(rows)), beside, compression="zstd")
    beside.replace(path)


@contextmanager
def composing() -> Iterator[None]:
    """Let configurations be composed as the project's commands do it."""
    schema.register()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield


def space_of(task: Task, overrides: Sequence[str]) -> tuple[Space, DictConfig]:
    """The search space of a task, and the configuration that it varies."""
    config = compose("config", list(overrides), return_hydra_config=True)
    params = OmegaConf.to_container(config.hydra.sweeper.params, resolve=True) or {}
    space = parse_space(params, list(task.space), GlobalHydra.instance().config_loader())
    return space, config


def settings_of(task: Task, overrides: Sequence[str]) -> list[dict[str, Any]]:
    """The settings of a table by override key: in an order without meaning, but the configured one first if drawn."""
    if task.levels is not None:
        points = [dict(zip(task.levels, point, strict=True)) for point in itertools.product(*task.levels.values())]
        return random.Random(0).sample(points, len(points))
    space, config = space_of(task, overrides)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    study.enqueue_trial(default_point(space, config))
    settings = []
    for _ in range(DRAWN):
        trial = study.ask()
        space.suggest(trial, config)
        settings.append(space.by_key(trial.params))
    return settings


def prepare(overrides: Sequence[str]) -> None:
    """Prepare the data."""
    from src.data.build import ensure_prepared
    from src.train import job_from

    ensure_prepared(job_from(compose("config", list(overrides)), Path()).data)


def assignments(setting: Mapping[str, Any]) -> list[str]:
    """A setting as overrides."""
    return [f"{key}={'null' if value is None else value}" for key, value in setting.items()]


def trained(run: tuple[int, int, Sequence[str], float]) -> dict[str, Any] | None:
    """Train in this process, unless it is too late to begin."""
    setting, seed, overrides, end = run
    if time.monotonic() > end:
        return None
    return {"setting": setting, "seed": seed, **train_here(f"{setting}-{seed}", overrides)}


class Curve:
    """Notes how a training goes."""

    def __init__(self) -> None:
        self.values: list[float] = []
        self.clock = [time.process_time()]

    def on_start(self, *_: Any) -> None:
        """Before the first epoch."""
        self.clock.append(time.process_time())

    def on_epoch(self, _: int, metrics: Mapping[str, float]) -> None:
        """After each epoch."""
        self.values.append(metrics[METRIC])
        self.clock.append(time.process_time())


def train_here(name: str, overrides: Sequence[str]) -> dict[str, Any]:
    """Train in this process, in a folder of that name, into which its output goes."""
    Path(name).mkdir()
    log = os.open(f"{name}/training.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    from src.data.build import ensure_prepared
    from src.detector.train import TrainingRequest, train
    from src.detector.weights import starting_weights
    from src.train import job_from

    job = job_from(compose("config", list(overrides)), Path(name, "run"))
    weights = starting_weights(job.model)
    request = TrainingRequest(
        data_yaml=ensure_prepared(job.data).data_yaml,
        folder=job.folder,
        arguments={**job.train.arguments, "amp": False, "workers": 0},
        weights=weights,
        architecture=None if weights else job.model.architecture,
        device=job.train.device,
        threads=1,
    )
    curve = Curve()
    final = train(request, curve).metrics[METRIC]
    start_s, *epoch_s = (after - before for before, after in itertools.pairwise(curve.clock))
    end_s = time.process_time() - curve.clock[-1]
    return {METRIC: curve.values, "final": final, "start_s": start_s, "epoch_s": epoch_s, "end_s": end_s}


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
