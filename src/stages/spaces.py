"""Search spaces that override text cannot express; a search names them under `hydra.sweeper.custom_search_space`."""

from typing import Any

import optuna

# Ranges in which fine-tuning is worth trying, by optimizer: adaptive ones take steps of about lr0 whatever the
# gradient's size, so that a good learning rate of SGD is ruinous for them.
LEARNING_RATES = {"SGD": (1e-4, 2e-2), "MuSGD": (1e-4, 2e-2), "AdamW": (2e-5, 2e-3)}


def learning_rate_of_optimizer(_: Any, trial: optuna.Trial) -> None:
    """Draw `train.lr0` from the range of the optimizer that the trial has drawn.

    Raises:
        KeyError: The trial has no `train.optimizer`, or one without a range here.
    """
    low, high = LEARNING_RATES[trial.params["train.optimizer"]]
    trial.suggest_float("train.lr0", low, high, log=True)
