"""How far runs of one setting lie from each other, where a study itself does not say it."""

import math
from typing import Any

from optuna_search import StudyView

from src.core.errors import ConfigError
from src.study.comparison import Scatter, compare
from src.study.finished import load_study
from src.study.record import trainings_of
from src.study.trials import read_study, training_of


def known_scatter(said: str, study: StudyView, storage: Any) -> Scatter:
    """The scatter that a user states, or that another study on the same data and from the same model has seen.

    Args:
        said: A standard deviation over seeds, or a study's name.
        study: The study that it is for.
        storage: Where the other one lies, as `hydra.sweeper.storage`.

    Raises:
        ConfigError: it is neither, or the other study is about something else, or none of its settings was repeated.
    """
    try:
        std = float(said)
    except ValueError:
        return _of(load_study(storage, said), study)
    if not (math.isfinite(std) and std > 0):
        raise ConfigError(f"scatter={said}: expected a standard deviation above 0, or the name of a study.")
    return Scatter(std, math.inf)


def _of(other: StudyView, study: StudyView) -> Scatter:
    theirs, own = read_study(other), read_study(study)
    objective = own.objectives[0]
    if theirs.objectives[0] != objective:
        raise ConfigError(
            f"scatter={other.name}: that study is about {theirs.objectives[0]}, '{study.name}' about {objective}."
        )
    facts = [training_of(each) for each in (theirs, own)]
    if None not in facts and len({(each.data.digest, each.start) for each in facts if each is not None}) > 1:
        raise ConfigError(
            f"scatter={other.name}: that study trained on other data or from another model than '{study.name}', so that"
            " its seeds say nothing here. Name one on the same, or state a standard deviation: scatter=0.01"
        )
    runs = [run for trial in theirs.complete for run in trainings_of(trial, theirs.objectives)]
    compared = compare(runs, objective, candidate=None)
    if compared is None or compared.scatter is None:
        raise ConfigError(
            f"scatter={other.name}: no setting of that study has a second seed. Name one that has, or state a standard"
            " deviation: scatter=0.01"
        )
    return compared.scatter
