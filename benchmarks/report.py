"""How long a report takes, in CPU seconds of one core: the page of a large study, and what chance does on its images.

Two studies: one of many trials on a val split of ordinary size, reported by what `python -m src.report` calls, and one
of many settings with very many images, of which only the leader board is made. The detections are synthetic
(`benchmarks/calibrating`); the memory is what the process takes beyond what it took before.

    .venv/bin/python benchmarks/report.py [--trials 200] [--settings 50] [--images 5000]
"""

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  after the number of threads
import optuna  # noqa: E402
from optuna.distributions import CategoricalDistribution, FloatDistribution  # noqa: E402
from optuna.trial import create_trial  # noqa: E402
from optuna_search import StudyView  # noqa: E402

from benchmarks.calibrating.populations import RECIPES, Scene  # noqa: E402
from benchmarks.calibrating.trained import METRIC, Run, compared, ease_of, of_seed, places, run  # noqa: E402
from src.stages.report.stage import report  # noqa: E402
from src.study.comparison import Scatter  # noqa: E402
from src.study.leaderboard import leaderboard  # noqa: E402
from src.study.noise import Measured, Noise  # noqa: E402

RECIPE = RECIPES["medium"]
VAL = 200  # images of the study that is reported
REPEATED = 10  # of its settings with a second seed
SPACE = {
    "train.lr0": FloatDistribution(1e-4, 1e-1, log=True),
    "train.weight_decay": FloatDistribution(0.0, 1e-2),
    "train.mosaic": FloatDistribution(0.0, 1.0),
    "train.imgsz": CategoricalDistribution([160, 224]),
    "train.seed": CategoricalDistribution([0, 1]),
}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--settings", type=int, default=50)
    parser.add_argument("--images", type=int, default=5000)
    arguments = parser.parse_args()
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory(prefix="report-") as scratch:
        study = _study(arguments.trials, Path(scratch), rng)
        _measured(
            f"report of {arguments.trials} trials on {VAL} images", 20, lambda: report(study, Path(scratch) / "report")
        )
    scene = Scene.of(RECIPE, arguments.images, rng)
    runs = [run(RECIPE, scene, ease_of(scene, rng), of_seed(0.0, rng), rng) for _ in range(arguments.settings + 1)]
    what = f"of {arguments.settings} settings on {arguments.images:,} images"
    _measured(f"leader board {what}", 10, lambda: _board(*runs))
    _measured(f"again, what the images contribute to each model being known, {what}", 10, lambda: _board(*runs))


def _measured(what: str, aim: float, work: Callable[[], object]) -> None:
    before, started = _megabytes(), time.process_time()
    work()
    seconds = time.process_time() - started
    print(f"{what}: {seconds:.1f} s of CPU time (aim: at most {aim:g} s), {_megabytes() - before:.0f} MB", flush=True)


def _megabytes() -> float:
    """The most that the process has taken so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _board(start: Run, *settings: Run) -> object:
    """A study with a run of each setting, whose scatter over seeds is that of a former study of ten settings."""
    comparison = compared([[setting.value] for setting in settings])
    measured = {
        place: Measured(settings[setting].images[None], start.images)
        for place, setting in enumerate(places(comparison))
    }
    noise = Noise.of(comparison, measured, Scatter(0.01, 10))
    return leaderboard(comparison, noise, dict.fromkeys(range(len(settings)), start.value), maximize=True)


def _study(trials: int, folder: Path, rng: np.random.Generator) -> StudyView:
    """A study as a sweep leaves it, its journal aside: some settings with two seeds, the detections in files."""
    study = optuna.create_study(study_name="many", direction="maximize")
    study._storage.set_study_system_attr(study._study_id, "study:metric_names", [METRIC])
    scene = Scene.of(RECIPE, VAL, rng)
    start = run(RECIPE, scene, ease_of(scene, rng), 0.0, rng)
    start.records.save(folder / "start.npz")
    settings = [
        {
            "train.lr0": float(10 ** rng.uniform(-4, -1)),
            "train.weight_decay": float(rng.uniform(0, 1e-2)),
            "train.mosaic": float(rng.uniform()),
            "train.imgsz": int(rng.choice([160, 224])),
        }
        for _ in range(trials - REPEATED)
    ]
    eases = [ease_of(scene, rng) for _ in settings]
    for number in range(trials):
        place, seed = number % len(settings), number // len(settings)
        skill = 0.2 * float(np.log10(settings[place]["train.lr0"]))
        trained = run(RECIPE, scene, eases[place], of_seed(skill, rng), rng)
        path = folder / f"{number}.npz"
        trained.records.save(path)
        study.add_trial(
            create_trial(
                params=settings[place] | {"train.seed": seed},
                distributions=SPACE,
                value=trained.value,
                intermediate_values={epoch: trained.value * epoch / 10 for epoch in range(1, 11)},
                user_attrs={
                    "metrics": {METRIC: trained.value},
                    "records": str(path),
                    "untrained": {METRIC: start.value},
                    "baseline_records": str(folder / "start.npz"),
                },
            )
        )
    return StudyView.of(study)


if __name__ == "__main__":
    main()
