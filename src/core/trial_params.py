"""The parameters of an Optuna trial by their override keys."""

from collections.abc import Mapping
from typing import TypeVar

Value = TypeVar("Value")


def by_key(params: Mapping[str, Value]) -> dict[str, Value]:
    """What Optuna calls `train.lr0 | train.optimizer=SGD` is `train.lr0`, searched under a condition.

    The sweeper gives each case of a key a name of its own, so that no sampler mixes their values; a trial has one of
    them at most.
    """
    return {name.partition(" | ")[0]: value for name, value in params.items()}
