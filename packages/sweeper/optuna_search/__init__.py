"""Hydra sweeps with Optuna: worker slots draw trials from one shared study, so that no trial waits for another."""

from optuna_search.trial.current import CurrentTrial, NullTrial, current_trial

__all__ = ["CurrentTrial", "NullTrial", "current_trial"]
