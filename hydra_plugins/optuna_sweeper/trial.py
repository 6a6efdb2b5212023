"""`current_trial()`, for tasks; see `_trial.py`, where it lives, for what it does.

Hydra's plugin scan executes public modules once more after they were imported; what holds state must be private.
"""

from hydra_plugins.optuna_sweeper._trial import CurrentTrial, NullTrial, current_trial

__all__ = ["CurrentTrial", "NullTrial", "current_trial"]
