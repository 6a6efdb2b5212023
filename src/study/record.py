"""What a study has found, for those who need its results and not its trials."""

from collections.abc import Sequence

from optuna_search import StudyView

from src.documents.study_record import StudyRecord, StudyTraining
from src.study.comparison import LATENCIES, SEED, UNTRAINED
from src.study.confirmed import confirmation_of
from src.study.trials import ReportedTrial, read_study

_ON_VAL = ("val/", "deployed/")


def record_of(study: StudyView) -> StudyRecord:
    """What a study has found so far.

    Raises:
        DataError: its confirmation was written by another version of this project.
    """
    reported = read_study(study)
    trainings = [
        training
        for trial in reported.complete
        if trial.is_feasible
        for training in trainings_of(trial, reported.objectives)
    ]
    return StudyRecord(
        study=reported.name,
        objective=reported.objectives[0],
        maximize=reported.maximize[0],
        trainings=tuple(trainings),
        confirmation=confirmation_of(study),
    )


def trainings_of(trial: ReportedTrial, objectives: Sequence[str]) -> list[StudyTraining]:
    """A trial with a result as trainings: one for each replicate.

    Of its metrics they have those on val, the latency and the objectives, of replicates the latency and the objectives.
    """
    texts = {name: str(value) for name, value in trial.params.items()}
    untrained = {UNTRAINED + name: value for name, value in trial.untrained.items()}
    run_id = trial.run_id or ""
    latency = {name: trial.metrics[name] for name in LATENCIES if name in trial.metrics}
    if not trial.replicates:
        on_val = {name: value for name, value in trial.metrics.items() if name.startswith(_ON_VAL)}
        metrics = {**on_val, **latency, **dict(zip(objectives, trial.values, strict=True)), **untrained}
        return [StudyTraining(run_id, trial.number, texts, metrics, trial.seconds)]
    seconds = None if trial.seconds is None else trial.seconds / len(trial.replicates)
    # whatever tells the replicates from each other, to the comparison it is the seed
    return [
        StudyTraining(
            run_id,
            trial.number,
            {**texts, SEED: override},
            {**latency, **dict(zip(objectives, values, strict=True)), **untrained},
            seconds,
        )
        for override, values in trial.replicates.items()
    ]
