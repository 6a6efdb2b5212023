"""The sweeper's own settings: refused where no sweep can work with them."""

from collections.abc import Mapping
from typing import Any

from omegaconf import ListConfig

from optuna_search.errors import SpaceError
from optuna_search.trial.devices import check_devices

_CHOICES = {"mode": ("slots", "batch"), "isolation": ("process", "none")}
_AT_LEAST = {"n_trials": 1, "n_jobs": 1, "max_retries": 0, "timeout_s": 0}  # no time at all: nothing but the checks
_ABOVE_ZERO = ("trial_timeout_s", "lease_s")


def check_settings(options: Mapping[str, Any]) -> None:
    """Refuse numbers and names that no sweep can work with.

    Raises:
        SpaceError: A setting is outside what it may be.
    """
    for name, least in _AT_LEAST.items():
        if options[name] is not None and options[name] < least:
            raise SpaceError(f"hydra.sweeper.{name}={options[name]}: expected at least {least}.")
    for name in _ABOVE_ZERO:
        if options[name] is not None and options[name] <= 0:
            raise SpaceError(f"hydra.sweeper.{name}={options[name]}: expected a number of seconds above 0.")
    if not 0 <= options["max_failure_rate"] <= 1:
        raise SpaceError(f"hydra.sweeper.max_failure_rate={options['max_failure_rate']}: expected a share from 0 to 1.")
    for name, choices in _CHOICES.items():
        if options[name] not in choices:
            raise SpaceError(f"hydra.sweeper.{name}={options[name]!r}: expected {' or '.join(map(repr, choices))}.")
    _check_objectives(as_list(options["direction"]), as_list(options["metric_names"] or []))
    if options["trial_timeout_s"] is not None and options["isolation"] == "none":
        raise SpaceError(
            "hydra.sweeper.trial_timeout_s needs hydra.sweeper.isolation=process: a task that hangs in the sweep's own "
            "process cannot be ended without it."
        )
    check_devices(options["devices"], options["slots_per_gpu"])


def as_list(value: Any) -> list[str]:
    """One setting or several, as texts."""
    return [str(item) for item in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]


def _check_objectives(directions: list[str], metric_names: list[str]) -> None:
    for direction in directions:
        if direction not in ("minimize", "maximize"):
            raise SpaceError(f"hydra.sweeper.direction={direction!r}: expected 'minimize' or 'maximize'.")
    if metric_names and len(metric_names) != len(directions):
        raise SpaceError(
            f"There are {len(metric_names)} objectives ({', '.join(metric_names)}), but hydra.sweeper.direction says "
            f"only {', '.join(directions)}: expected one direction for each, as in "
            "hydra.sweeper.direction=[maximize,minimize]."
        )
