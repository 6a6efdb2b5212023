"""Real trainings with a planted answer: settings that are the same training, and one that is really worse.

One setting is trained with many seeds, a second one with a learning rate that is far off, a few others as people try
them: two epochs each of pretrained weights on photographs of people. Of their results studies are made:

- equal: the runs of the one setting, dealt out to settings that differ by nothing. Nothing may be found. They are dealt
  out many times; these studies share their runs, so that their number is no number of independent cases;
- worse: three of those settings and the one with the learning rate. It has to be found;
- how the luck with the images divides between setting and training is printed of the others.

    .venv/bin/python benchmarks/planted.py --archive coco128.zip --weights yolov8n.pt --folder /tmp/planted

What is trained already in the folder is kept.
"""

import argparse
import os
import subprocess
import sys
from functools import lru_cache
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  after the number of threads
import optuna  # noqa: E402
from optuna.distributions import CategoricalDistribution  # noqa: E402
from optuna.trial import create_trial  # noqa: E402
from optuna_search import StudyView, TrialView  # noqa: E402

from benchmarks.calibrating.studies import board_of  # noqa: E402
from benchmarks.calibrating.trained import METRIC, Run  # noqa: E402
from src.core.detection_records import DetectionRecords  # noqa: E402
from src.stages.report.stage import report  # noqa: E402
from src.study.analysis import Analysis  # noqa: E402
from src.study.finished import load_study  # noqa: E402
from src.study.leaderboard import Standing  # noqa: E402

DATA = ["data=coco128_person", "data.splits={train: 24, val: 30, test: 7}", "model=yolov8n"]
TRAINING = [
    "train.imgsz=160",
    "train.epochs=2",
    "train.batch=8",
    "train.nbs=8",
    "train.warmup_epochs=0",
    "tracking=none",
]
SEEDS, SETTINGS, DEALT = 3, 3, 100
SWEEPS = {
    "same": [f"train.seed=range(0,{SEEDS * SETTINGS})"],
    "worse": ["train.lr0=0.3", f"train.seed=range(0,{SEEDS})"],
    "others": ["train.lr0=choice(0.0005,0.002)", f"train.seed=range(0,{SEEDS})"],
}
Runs = list[TrialView]


def main() -> None:
    """Train what is missing, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--sweep", choices=SWEEPS, help="train only this, report nothing")
    arguments = parser.parse_args()
    files = [f"data.archive={arguments.archive.resolve()}", f"model.weights={arguments.weights.resolve()}"]
    arguments.folder.mkdir(parents=True, exist_ok=True)
    os.chdir(arguments.folder)
    runs = {key: _trained(key, files) for key in ([arguments.sweep] if arguments.sweep else SWEEPS)}
    if arguments.sweep:
        return
    same, start = runs["same"], _start(runs["same"][0])
    _say("equal settings", [same[s * SEEDS : (s + 1) * SEEDS] for s in range(SETTINGS)], start)
    rng, worse = np.random.default_rng(0), []
    for _ in range(DEALT):
        dealt = [same[place] for place in rng.permutation(len(same))]
        board, _ = board_of([_models(dealt[s * SEEDS : (s + 1) * SEEDS]) for s in range(SETTINGS)], [start] * SETTINGS)
        worse.append(any(entry.standing is Standing.WORSE for entry in board.entries))
    print(f"  dealt out {DEALT} times: some setting is called worse in {np.mean(worse):.0%}\n")
    groups = [same[s * SEEDS : (s + 1) * SEEDS] for s in range(SETTINGS)]
    _say(f"equal settings and a worse one, setting {SETTINGS}", [*groups, runs["worse"]], start)
    _divide([same, *_grouped(runs["others"])])


def _trained(name: str, files: list[str]) -> Runs:
    """The trials of a sweep, which is run, or resumed where it is not complete."""
    storage = f"journal:multirun/{name}.journal"
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    search = ["-m", "search=base", "hydra/sweeper/sampler=grid", "hydra/sweeper/pruner=none", *TRAINING, *SWEEPS[name]]
    search += [f"hydra.sweeper.study_name={name}", f"hydra.sweeper.storage={storage}"]
    for module, options in (("src.prepare", []), ("src.train", search)):
        subprocess.run([sys.executable, "-m", module, *options, *DATA, *files], env=environment, check=True)
    return list(load_study(storage, name).complete)


def _start(trial: TrialView) -> Run:
    """The starting weights."""
    return Run(DetectionRecords.load(Path(trial.frozen.user_attrs["baseline_records"])))


@lru_cache
def _model(records: str) -> Run:
    return Run(DetectionRecords.load(Path(records)))


def _models(runs: Runs) -> list[Run]:
    return [_model(run.frozen.user_attrs["records"]) for run in runs]


def _say(what: str, settings: list[Runs], start: Run) -> None:
    """What a leader board says, and what the whole report says of the parameter by which the settings differ."""
    print(what)
    board, order = board_of([_models(runs) for runs in settings], [start] * len(settings))
    for entry, setting in zip(board.entries, order, strict=True):
        print(f"  setting {setting}: {entry.setting.mean:.4f}, to the best {entry.to_best}, {entry.standing}")
    gain = board.best.to_untrained
    print(f"  best against the starting weights, corrected: {gain}; the luck of choosing: {board.luck:.4f}")
    [effect] = [each for each in _reported(settings).effects if each.param == "train.patience"]
    print(f"  report: the parameter '{effect.verdict}', {effect.change}\n")


def _reported(settings: list[Runs]) -> Analysis:
    """The report of a study of settings with these runs; they differ by a parameter that did nothing."""
    study = optuna.create_study(direction="maximize")
    study._storage.set_study_system_attr(study._study_id, "study:metric_names", [METRIC])
    space = {
        "train.patience": CategoricalDistribution([100 + setting for setting in range(len(settings))]),
        "train.seed": CategoricalDistribution(list(range(SEEDS))),
    }
    for setting, runs in enumerate(settings):
        for seed, run in enumerate(runs):
            params = {"train.patience": 100 + setting, "train.seed": seed}
            attrs = dict(run.frozen.user_attrs)
            study.add_trial(create_trial(params=params, distributions=space, value=run.values[0], user_attrs=attrs))
    return report(StudyView.of(study), Path("report"))


def _grouped(runs: Runs) -> list[Runs]:
    """Runs that differ by their seed alone, together."""
    groups: dict[tuple[tuple[str, object], ...], Runs] = {}
    for run in runs:
        params = tuple((name, value) for name, value in run.params.items() if name != "train.seed")
        groups.setdefault(params, []).append(run)
    return list(groups.values())


def _divide(settings: list[Runs]) -> None:
    """How the luck with the images divides: what all runs of a setting share of it, and what each has of its own."""
    models = [_models(runs[:SEEDS]) for runs in settings]
    images = np.array([[each.images for each in runs] for runs in models])  # (settings, runs, groups)
    values = np.array([[each.value for each in runs] for runs in models])
    rng = np.random.default_rng(0)
    drawn = [rng.integers(images.shape[2], size=images.shape[2]) for _ in range(1000)]
    resampled = [_components(images[:, :, places]) for places in drawn]
    own, training = _components(images)
    seeds = float(values.var(axis=1, ddof=1).mean())
    print(f"{len(models)} settings, {SEEDS} runs each: {METRIC} scatters over seeds by {seeds**0.5:.4f}")
    print(f"  of a run's luck with the images, the setting's {own**0.5:.4f}, the training's {training**0.5:.4f}")
    low, high = np.quantile([a / (a + b) for a, b in resampled], [0.025, 0.975])
    print(f"  the setting's share of it: {own / (own + training):.2f} [{low:.2f}, {high:.2f}] (images resampled)")


def _components(images: np.ndarray) -> tuple[float, float]:
    """The variances over images of a setting, its trainings' aside, and of a training; (settings, runs, groups)."""
    settings, runs, _ = images.shape
    means = images.mean(axis=1)
    training = float(((images - means[:, None]) ** 2).sum() / (settings * (runs - 1)))
    apart = float(((means - means.mean(axis=0)) ** 2).sum() / max(settings - 1, 1))
    return max(0.0, apart - training / runs), training


if __name__ == "__main__":
    main()
