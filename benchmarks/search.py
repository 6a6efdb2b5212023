"""How long it takes to find settings as good as the best that a grid finds: wall-clock, whole programs, one machine.

Four searches train the same model on the same data: the grid of 16 points, in order, that such projects run by hand;
random search and this project's default search, both in the space of `search=default`; and Ultralytics' own
`YOLO.tune()` in its default space, started from this project's recipe, because its own starting point is made for
longer trainings. What a search reaches is the best val/mAP50-95 among its trainings so far, as Ultralytics' validation
has it.

The level L is the best value that the grid reaches. Every other search may take as long as the whole grid took, and is
stopped when it reaches L. What is random is repeated with other seeds. The starting weights are shown beside, because
a level below them is not worth searching for.

    .venv/bin/python benchmarks/search.py --data ../shared/data/coco128.zip --weights ../shared/data/yolov8n.pt

Two tasks: `real`, pretrained weights on 40 photographs, and `synthetic`, from scratch on the embedded data; `--task`
runs one of them. `--out` keeps all values with their times, as JSON; the same command resumes with what is there, so
that hours of it need not be one sitting.
"""

import argparse
import itertools
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import bare
import optuna
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

METRIC = "val/mAP50-95"
POLL_S = 0.5
ENDLESS = 10_000  # trainings; the time ends the search
TUNE = """
import json, sys
from ultralytics import YOLO
weights, arguments = json.loads(sys.argv[1])
YOLO(weights).tune(**arguments)
"""


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        name: Of the task.
        overrides: Which data, from which weights.
        grid: The values of the grid.
    """

    name: str
    overrides: tuple[str, ...]
    grid: Mapping[str, Sequence[float]]

    @property
    def fixed(self) -> dict[str, float]:
        """Epochs and image size of the trainings of `YOLO.tune()`, which does not search them: the grid's greatest."""
        return {name: max(self.grid[name]) for name in ("epochs", "imgsz")}


@dataclass
class Course:
    """How a search went.

    Attributes:
        values: (seconds since the program began, val/mAP50-95) of each training.
        seconds: How long it ran.
    """

    values: list[tuple[float, float]] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def best(self) -> float:
        """The best value."""
        return max((value for _, value in self.values), default=float("nan"))

    def reached(self, level: float) -> float | None:
        """After how many seconds it first reached a level."""
        return next((seconds for seconds, value in self.values if value >= level), None)

    def shown(self, level: float) -> str:
        """After how many seconds and trainings; the second does not change with the machine's speed."""
        if (seconds := self.reached(level)) is None:
            return "never"
        return f"{seconds:.0f} ({sum(when <= seconds for when, _ in self.values)})"


def tasks(archive: Path | None, weights: Path | None) -> dict[str, Task]:
    """Those that can run with what is available."""
    found = {
        "synthetic": Task(
            "synthetic",
            (),
            {"epochs": (4, 8), "imgsz": (96, 128), "lr0": (0.001, 0.003), "seed": (1, 42)},
        )
    }
    if archive is not None and weights is not None:
        data = (f"data.archive={archive.resolve()}", f"model.weights={weights.resolve()}")
        found["real"] = Task(
            "real",
            ("data=coco128_person", "model=yolov8n", "data.imgsz_choices=[160,224]", *data),
            {"epochs": (3, 5), "imgsz": (160, 224), "lr0": (0.005, 0.01), "seed": (1, 42)},
        )
    return found


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the archive coco128.zip, for the task real")
    parser.add_argument("--weights", type=Path, help="yolov8n.pt, likewise")
    parser.add_argument("--task", choices=("real", "synthetic"), help="only this one")
    parser.add_argument("--repeats", type=int, default=3, help="of what is random (default: 3)")
    parser.add_argument("--out", type=Path, help="where to keep all values")
    arguments = parser.parse_args()
    available = tasks(arguments.data, arguments.weights)
    chosen = [arguments.task] if arguments.task else ["real", "synthetic"]
    if missing := [name for name in chosen if name not in available]:
        parser.error(f"the task {missing[0]} needs --data and --weights; or say --task synthetic")
    for name in chosen:
        with tempfile.TemporaryDirectory(prefix="search-") as scratch:
            run(Bench(Path(scratch), available[name]), arguments.repeats, Kept(name, arguments.out))


def run(bench: "Bench", repeats: int, kept: "Kept") -> None:
    """All searches of a task, one after the other, those that are random in turns."""
    bench.prepare()
    if "grid" not in kept.courses:
        kept.add("grid", bench.grid(), bench.untrained)
    grid = kept.courses["grid"][0]
    say(bench, "grid", grid)
    if not grid.values:
        sys.exit(f"{bench.task.name}: no training of the grid ended well; see {bench.folder}")
    level = grid.best
    others: dict[str, Callable[[int, float, float], Course]] = {
        "random search": bench.random,
        "this project's default search": bench.default,
        "YOLO.tune()": bench.tune,
    }
    for seed in range(repeats):
        for name, search in others.items():
            if len(kept.courses.get(name, [])) <= seed:
                kept.add(name, search(seed, level, grid.seconds))
            say(bench, name, kept.courses[name][seed], level)
    report(bench.task, kept.courses, level, kept.untrained)


class Kept:
    """What has been measured of a task, in a file if there is one."""

    def __init__(self, task: str, path: Path | None) -> None:
        self._task = task
        self._path = path
        found = self._all().get(task, {"untrained": {}, "courses": {}})
        self.untrained: dict[str, float] = found["untrained"]
        self.courses = {
            name: [Course([(seconds, value) for seconds, value in run["values"]], run["seconds"]) for run in runs]
            for name, runs in found["courses"].items()
        }

    def add(self, name: str, course: Course, untrained: Mapping[str, float] | None = None) -> None:
        """Keep one course more of a search."""
        self.courses.setdefault(name, []).append(course)
        self.untrained |= untrained or {}
        if self._path is not None:
            courses = {name: [asdict(course) for course in runs] for name, runs in self.courses.items()}
            here = {self._task: {"untrained": self.untrained, "courses": courses}}
            self._path.write_text(json.dumps(self._all() | here, indent=2))

    def _all(self) -> dict[str, Any]:
        return {} if self._path is None or not self._path.exists() else dict(json.loads(self._path.read_text()))


def say(bench: "Bench", name: str, course: Course, level: float | None = None) -> None:
    """One line of progress."""
    reached = "" if level is None else f", L {at(course.reached(level))}"
    print(
        f"  {bench.task.name}: {name}: {len(course.values)} trainings in {course.seconds:.0f} s, "
        f"best {course.best:.4f}{reached}",
        flush=True,
    )


def at(seconds: float | None) -> str:
    """When, or that it was not."""
    return "not reached" if seconds is None else f"after {seconds:.0f} s"


def report(task: Task, courses: Mapping[str, list[Course]], level: float, untrained: Mapping[str, float]) -> None:
    """Print the table: the time to the level, what was reached, and the ratio to the grid."""
    grid = courses["grid"][0]
    grid_s = grid.reached(level)
    assert grid_s is not None, "the level is what the grid has reached"
    sizes = ", ".join(f"{value:.4f} at imgsz {size}" for size, value in untrained.items())
    print(f"\n{task.name}: L = {level:.4f} {METRIC}, reached by the grid after {grid_s:.0f} of {grid.seconds:.0f} s")
    print(f"starting weights: {sizes or 'not evaluated'}")
    print(f"{'search':<32}{'seconds (trainings) to L, each':<36}{'median':>8}{'of the grid':>13}{'best, median':>14}")
    for name, runs in sorted(courses.items(), key=lambda item: item[0] != "grid"):  # it may have been kept last
        times = [course.reached(level) for course in runs]
        known = [float("inf") if seconds is None else seconds for seconds in times]
        median = statistics.median(known)
        each = ", ".join(course.shown(level) for course in runs)
        best = statistics.median(course.best for course in runs)
        shown = f"{median:>8.0f}{median / grid_s:>13.2f}" if median < float("inf") else f"{'never':>8}{'':>13}"
        print(f"{name:<32}{each:<36}{shown}{best:>14.4f}")
    worse = max(untrained.values(), default=float("nan"))
    if level <= worse:
        print(f"The starting weights have {worse:.4f}: no search was worth it, L itself is no gain.")
    print()


class Bench:
    """Runs the searches of a task in a scratch folder."""

    def __init__(self, folder: Path, task: Task) -> None:
        self.folder = folder
        self.task = task
        self.untrained: dict[str, float] = {}
        self.environment = bare.environment(folder)
        self.data = Path()  # known once it is prepared

    def prepare(self) -> None:
        """Prepare the data, and make bare Ultralytics ready."""
        self._run("src.prepare", *self.task.overrides)
        self.data = next((self.folder / "data" / "prepared").glob("*/data.yaml"))
        bare.prepare(self.folder)

    def grid(self) -> Course:
        """All points, in order, the last value changing fastest."""
        space = [f"train.{name}=choice({','.join(map(str, values))})" for name, values in self.task.grid.items()]
        points = itertools.product(*self.task.grid.values())
        listed = [",".join(f"train.{n}:{v}" for n, v in zip(self.task.grid, point, strict=True)) for point in points]
        queue = f"hydra.sweeper.enqueue=[{','.join(f'{{{point}}}' for point in listed)}]"  # a grid sampler shuffles
        course = self._sweep("grid", "search=base", f"hydra.sweeper.n_trials={len(listed)}", queue, *space)
        for trial in self._trials("grid"):
            size = str(trial.params["train.imgsz"])
            if (before := trial.user_attrs.get("untrained")) is not None:
                self.untrained[size] = before[METRIC]
        return course

    def random(self, seed: int, level: float, limit_s: float) -> Course:
        """Random search in the space of `search=default`."""
        # the default point would be no random one
        more = ("search=default", "hydra/sweeper/sampler=random", "hydra.sweeper.enqueue=[]")
        return self._search(f"random{seed}", more, seed, level, limit_s)

    def default(self, seed: int, level: float, limit_s: float) -> Course:
        """The default search."""
        return self._search(f"default{seed}", ("search=default",), seed, level, limit_s)

    def tune(self, seed: int, level: float, limit_s: float) -> Course:
        """Ultralytics' own search from this project's recipe; it takes no seed, so that every repetition differs."""
        recipe = self._recipe()
        target = self.folder / f"tune{seed}"
        arguments = {
            **recipe,
            **self.task.fixed,
            "data": str(self.data),
            "iterations": ENDLESS,
            "project": str(target),
            "device": "cpu",
            "plots": False,
            "verbose": False,
        }
        weights = next(
            (o.partition("=")[2] for o in self.task.overrides if o.startswith("model.weights=")), "yolov8n.yaml"
        )
        command = [*bare.WITH_ALL_CORES, sys.executable, "-c", TUNE, json.dumps([weights, arguments])]

        def fitnesses() -> list[float]:
            return [
                json.loads(line)["fitness"]
                for file in target.glob("tune*/tune_results.ndjson")
                for line in file.read_text().splitlines()
            ]

        return self._watch(command, fitnesses, level, limit_s)

    def _recipe(self) -> dict[str, Any]:
        """The training arguments of the configuration that Ultralytics knows."""
        shown = self._run("src.train", *self.task.overrides, "--cfg", "job", "--package", "train", "--resolve")
        train = yaml.safe_load(shown)
        own = ("objective", "baseline", "resume", "resume_from", "threads", "device", "epochs", "imgsz", "workers")
        return {name: value for name, value in train.items() if name not in own and value is not None}

    def _search(self, name: str, more: tuple[str, ...], seed: int, level: float, limit_s: float) -> Course:
        trials = (f"hydra.sweeper.n_trials={ENDLESS}", f"hydra.sweeper.sampler.seed={seed}")
        return self._sweep(name, *more, *trials, level=level, limit_s=limit_s)

    def _sweep(self, name: str, *overrides: str, level: float = float("inf"), limit_s: float = float("inf")) -> Course:
        command = [
            *(sys.executable, "-m", "src.train", "-m", "hydra/sweeper=optuna", *self.task.overrides, *overrides),
            f"hydra.sweeper.study_name={name}",
        ]

        def values() -> list[float]:
            done = [trial for trial in self._trials(name) if trial.state == TrialState.COMPLETE]
            return [trial.values[0] for trial in sorted(done, key=lambda trial: trial.datetime_complete)]

        return self._watch(command, values, level, limit_s)

    def _trials(self, name: str) -> list[optuna.trial.FrozenTrial]:
        journal = self.folder / "multirun" / "optuna.journal"
        if not journal.exists():
            return []
        try:
            study = optuna.load_study(study_name=name, storage=JournalStorage(JournalFileBackend(str(journal))))
        except KeyError:  # not made yet
            return []
        return study.get_trials(deepcopy=False)

    def _watch(self, command: list[str], values: Callable[[], list[float]], level: float, limit_s: float) -> Course:
        """Run a search until it ends, reaches the level or is out of time; note each new value with its time."""
        course = Course()
        log = (self.folder / "log.txt").open("a")
        started = time.perf_counter()
        with subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=log, stderr=log, start_new_session=True
        ) as process:
            while True:
                ended = process.poll() is not None
                now = time.perf_counter() - started
                course.values += [(now, value) for value in values()[len(course.values) :]]
                course.seconds = now
                if ended or now > limit_s or course.best >= level:
                    break
                time.sleep(POLL_S)
            if not ended:
                os.killpg(process.pid, signal.SIGTERM)
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
            elif process.returncode:
                said = (self.folder / "log.txt").read_text()[-3000:]
                sys.exit(f"{' '.join(command)}\nended with {process.returncode}:\n{said}")
        log.close()
        return course

    def _run(self, module: str, *overrides: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", module, *overrides],
            cwd=self.folder,
            env=self.environment,
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"{module} {' '.join(overrides)}\n{done.stdout}\n{done.stderr}")
        return done.stdout


if __name__ == "__main__":
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    main()
