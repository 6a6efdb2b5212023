"""The sweeper's own settings: refused where no sweep can work with them."""

import difflib
import logging
from collections.abc import Iterable, Mapping
from importlib.util import find_spec
from typing import Any

from omegaconf import DictConfig, ListConfig, OmegaConf

from optuna_search.errors import SpaceError
from optuna_search.run.threads import AUTO, runs_here
from optuna_search.study.storages import DEFAULT, memory_spec, storage_spec
from optuna_search.trial.devices import check_devices

log = logging.getLogger(__name__)

OFFICIAL = "hydra_plugins.hydra_optuna_sweeper"

DEFAULT_POINT = "default"  # of `enqueue`: the configured values
_CHOICES = {"mode": ("slots", "batch"), "isolation": ("process", "none")}
_AT_LEAST = {"n_trials": 1, "n_jobs": 1, "max_retries": 0, "timeout_s": 0}  # no time at all: nothing but the checks
_ABOVE_ZERO = ("trial_timeout_s", "lease_s")


def check_settings(options: Mapping[str, Any]) -> None:
    """Refuse numbers and names that no sweep can work with.

    Raises:
        SpaceError: A setting is outside what it may be.
    """
    n_jobs = options["n_jobs"]
    if n_jobs != AUTO and (isinstance(n_jobs, bool) or not isinstance(n_jobs, int)):
        raise SpaceError(f"hydra.sweeper.n_jobs={n_jobs!r}: expected a number of slots, or '{AUTO}'.")
    for name, least in _AT_LEAST.items():
        if options[name] not in (None, AUTO) and options[name] < least:
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
    _check_target("sampler", options["sampler"])


def refuse_unknown(options: Mapping[str, Any], known: Iterable[str]) -> None:
    """Refuse keys that `+hydra.sweeper.KEY=…` has added and the sweeper does not have.

    Raises:
        SpaceError: Names the nearest key.
    """
    names = [name for name in known if not name.startswith("_") and name != "defaults"]
    for name in options:
        if name == "search_space":
            raise SpaceError(
                "hydra.sweeper.search_space is gone, here as in hydra-optuna-sweeper 1.4. Write each entry under "
                "hydra.sweeper.params as an override, as in 'x: interval(-5.5, 5.5)'."
            )
        if name not in names:
            nearest = difflib.get_close_matches(name, names, n=1)
            meant = f" Did you mean '{nearest[0]}'?" if nearest else ""
            raise SpaceError(
                f"hydra.sweeper.{name} is no setting of this sweeper.{meant} It has: {', '.join(sorted(names))}."
            )


def points_to_try(setting: Any) -> list[Any]:
    """The points of `hydra.sweeper.enqueue`: mappings by override key, and `DEFAULT_POINT`.

    Raises:
        SpaceError: Something among them is no point.
    """
    plain = OmegaConf.to_container(setting, resolve=True) if OmegaConf.is_config(setting) else setting
    points = plain if isinstance(plain, list) else [] if plain is None else [plain]
    for point in points:
        if not isinstance(point, dict) and point != DEFAULT_POINT:
            raise SpaceError(
                f"hydra.sweeper.enqueue: {point!r} is no point. Expected '{DEFAULT_POINT}' for the configured values,"
                " or a mapping from key to value, as in 'hydra.sweeper.enqueue=[{lr: 0.1, momentum: 0.9}]'."
            )
    return points


def preferred_values(setting: Any) -> dict[str, Any]:
    """The values of `hydra.sweeper.prior`, by override key.

    Raises:
        SpaceError: It is no mapping.
    """
    plain = OmegaConf.to_container(setting, resolve=True) if OmegaConf.is_config(setting) else setting
    if plain is None:
        return {}
    if not isinstance(plain, dict):
        raise SpaceError(
            f"hydra.sweeper.prior: {plain!r} is no mapping. Expected preferred values by key, as in"
            " 'hydra.sweeper.prior={lr: 0.002}'."
        )
    return {str(key): value for key, value in plain.items()}


def choose_storage(options: Mapping[str, Any], hydra: DictConfig) -> Any:
    """The storage as `storage_spec()` gives it; null is a study in memory, if all trials are drawn in this process.

    Raises:
        SpaceError: The setting is no storage, or a password stands in it.
    """
    if options["storage"] is not None:
        written = OmegaConf.to_container(hydra.sweeper, resolve=False)
        return storage_spec(written["storage"], options["storage"])  # type: ignore[index, call-overload]
    if runs_here(hydra.launcher):
        return memory_spec()
    log.warning(
        "hydra.sweeper.storage=null is a study in memory, which workers in other processes (n_jobs=%d, launcher %s) "
        "cannot see. It is kept in %s instead.",
        options["n_jobs"],
        hydra.launcher.get("_target_"),
        DEFAULT,
    )
    return storage_spec(DEFAULT)


def shared_name(chosen: str | None) -> str | None:
    """What to say where the sweeper was chosen by a name that another installed plugin has too."""
    if chosen != "optuna" or find_spec(OFFICIAL) is None:
        return None
    return (
        "hydra/sweeper=optuna is hydra-optuna-search here, although hydra-optuna-sweeper is installed too and has the "
        "same name. Write hydra/sweeper=optuna_search; to run the other, uninstall hydra-optuna-search."
    )


def as_list(value: Any) -> list[str]:
    """One setting or several, as texts."""
    return [str(item) for item in value] if isinstance(value, list | tuple | ListConfig) else [str(value)]


def _check_objectives(directions: list[str], metric_names: list[str]) -> None:
    for direction in directions or [""]:
        if direction not in ("minimize", "maximize"):
            raise SpaceError(f"hydra.sweeper.direction={direction!r}: expected 'minimize' or 'maximize'.")
    if metric_names and len(metric_names) != len(directions):
        raise SpaceError(
            f"There are {len(metric_names)} objectives ({', '.join(metric_names)}), but hydra.sweeper.direction says "
            f"only {', '.join(directions)}: expected one direction for each, as in "
            "hydra.sweeper.direction=[maximize,minimize]."
        )


def _check_target(group: str, node: Any) -> None:
    target = str(node.get("_target_", ""))
    if target.startswith(OFFICIAL):
        raise SpaceError(
            f"hydra.sweeper.{group}._target_={target} belongs to hydra-optuna-sweeper. Delete the line `_target_` "
            f"under `{group}:` and choose the {group} by its name, as in hydra/sweeper/{group}=nsgaii."
        )
