"""The command `confirm`: train the leading settings of a study anew and judge them by that."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna_search import StudyView, TrialView

from src.config.frozen import composed
from src.core.errors import ConfigError, TrainingError
from src.core.study_attributes import RUN_ID
from src.documents.confirmation import ConfirmationDocument
from src.stages.confirm import sweep
from src.stages.confirm.options import ConfirmOptions, fresh
from src.study.comparison import SEED
from src.study.confirmation import Confirmation, Retrained, confirm, winner_of
from src.study.confirmed import confirming_study, document
from src.study.finished import load_study, overrides_of
from src.study.images import Images
from src.study.leading import Leading, leading_settings, seeds_of
from src.study.trials import ReportedTrial, read_study


@dataclass(frozen=True)
class ConfirmJob:
    """Everything a confirmation needs to know.

    Attributes:
        options: The arguments.
        storage: Where the study lies, as `hydra.sweeper.storage`.
        overrides: What the user said for all trainings.
    """

    options: ConfirmOptions
    storage: Any
    overrides: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConfirmOutcome:
    """What came out.

    Attributes:
        found: The figures.
        run_id: The study's run in the tracker.
        folder: Where the results are written.
    """

    found: ConfirmationDocument
    run_id: str | None
    folder: Path


def train_and_judge(job: ConfirmJob, tell: Callable[[str], None]) -> ConfirmOutcome:
    """Train what has not been trained yet, and judge.

    Args:
        job: What to do.
        tell: Called with the setting that is trained next.

    Side effects: runs `top` sweeps one after the other; they write below the study's folder and into studies of their
    own in the same storage, and record under the study's run.

    Raises:
        ConfigError: there is no such study, or nothing in it to confirm.
        TrainingError: a sweep failed.
    """
    options = job.options
    study = load_study(job.storage, options.study)
    settings = leading_settings(study, options.top)
    overrides = [overrides_of(setting.trial, options.study) for setting in settings]
    configs = [composed(said) for said in overrides]
    used = seeds_of(study) | {int(config.train.seed) for config in configs}
    seeds = fresh(options.seeds, used)
    folder = _folder_of(settings[0].trial, options.study)
    run_id = study.user_attrs.get(RUN_ID)
    named = ", ".join(map(str, seeds))
    for place, setting in enumerate(settings):
        number = setting.trial.number
        total = _total(job.storage, confirming_study(options.study, number), seeds)
        if total is None:
            continue
        tell(f"Setting {place + 1} of {len(settings)}: that of trial {number}, with the seeds {named}")
        sweep.run(
            sweep.arguments(
                overrides[place],
                configs[place],
                study=options.study,
                trial=number,
                run_id=run_id,
                seeds=seeds,
                total=total,
                folder=folder / f"trial-{number}",
                said=job.overrides,
            )
        )
    metric = study.objectives[0]
    confirmation, judged = judge(job.storage, study, settings)
    found = document(
        confirmation,
        [setting.params for setting in settings],
        study=options.study,
        metric=metric,
        judged_by=judged,
        seeds=seeds,
        replaced=[seed for seed in options.seeds if seed in used],
    )
    return ConfirmOutcome(found, run_id, folder)


def judge(storage: Any, study: StudyView, settings: list[Leading]) -> tuple[Confirmation, str]:
    """The confirmation of settings that have been trained again, and the metric that it judges by.

    Raises:
        TrainingError: no training of a setting has ended well.
    """
    metric = study.objectives[0]
    finished = [
        _finished(load_study(storage, confirming_study(study.name, setting.trial.number))) for setting in settings
    ]
    every = [trial for trials in finished for trial in trials.values()]
    on_test = f"test/{metric.removeprefix('val/')}"
    judged = on_test if all(on_test in trial.metrics for trial in every) else metric
    images = Images(judged, every)
    retrained = [
        Retrained(
            trial=setting.trial.number,
            searched=setting.mean,
            values={seed: trial.values[0] for seed, trial in trials.items()},
            unseen={seed: trial.metrics[judged] for seed, trial in trials.items()} if judged != metric else None,
            measured=images.of_trials(list(trials.values())),
        )
        for setting, trials in zip(settings, finished, strict=True)
    ]
    maximize = study.maximize[0]
    start = next(iter(finished[winner_of(retrained, maximize=maximize)].values()))  # all of them started alike
    found = confirm(
        retrained,
        maximize=maximize,
        untrained=start.untrained.get(judged),
        searched=len(leading_settings(study, len(study.trials))),
        epochs=max(1, len(start.curve.steps)),
    )
    return found, judged


def _folder_of(trial: TrialView, study: str) -> Path:
    """Below the study's folder, where its trials have theirs; a trial with replicates names that of the last one."""
    if trial.folder is None:
        return Path("multirun") / study / "confirm"
    folder = trial.folder.parent if trial.replicates else trial.folder
    return folder.parent / "confirm"


def _total(storage: Any, name: str, seeds: Sequence[int]) -> int | None:
    """How many trainings a sweep is to have, those of earlier calls included; None if all have ended already."""
    try:
        trials = load_study(storage, name).trials
    except ConfigError:  # it has not run before
        return len(seeds)
    before = {int(trial.params[SEED]) for trial in trials if SEED in trial.params}
    if before.issuperset(seeds) and all(trial.is_finished for trial in trials):
        return None
    return len(before.union(seeds))


def _finished(study: StudyView) -> dict[int, ReportedTrial]:
    """The trainings that ended well, by seed."""
    trials = read_study(study).complete
    if not trials:
        raise TrainingError(f"No training of the study '{study.name}' ended well, so there is nothing to judge.")
    return {int(trial.params[SEED]): trial for trial in sorted(trials, key=lambda trial: int(trial.params[SEED]))}
