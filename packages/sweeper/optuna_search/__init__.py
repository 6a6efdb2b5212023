"""Hydra sweeps with Optuna: worker slots draw trials from one shared study, so that no trial waits for another.

A task uses `current_trial()`; whoever reads a study afterwards uses `open_study()`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from optuna_search.ending import Ending
from optuna_search.trial.current import CurrentTrial, NullTrial, current_trial

if TYPE_CHECKING:
    from optuna_search.errors import SpaceError, StudyError, SweepError, SweepFailed
    from optuna_search.study.reading import open_study, set_study_attr
    from optuna_search.study.storages import open_storage
    from optuna_search.study.views import StudyView, TrialView

__all__ = [
    "CurrentTrial",
    "Ending",
    "NullTrial",
    "SpaceError",
    "StudyError",
    "StudyView",
    "SweepError",
    "SweepFailed",
    "TrialView",
    "current_trial",
    "open_storage",
    "open_study",
    "set_study_attr",
]

# imported when asked for: Optuna takes half a second, for which a task that only wants `current_trial` need not wait
_LATER = {
    **dict.fromkeys(("SpaceError", "StudyError", "SweepError", "SweepFailed"), "optuna_search.errors"),
    **dict.fromkeys(("StudyView", "TrialView"), "optuna_search.study.views"),
    **dict.fromkeys(("open_study", "set_study_attr"), "optuna_search.study.reading"),
    "open_storage": "optuna_search.study.storages",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(_LATER[name]), name)
