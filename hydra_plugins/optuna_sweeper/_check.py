"""Refuses a sweep that cannot work before its first trial, and says what would."""

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from hydra.utils import get_method
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from hydra_plugins.optuna_sweeper._errors import SpaceError
from hydra_plugins.optuna_sweeper._parameter import Parameter
from hydra_plugins.optuna_sweeper._space import Space


def check_settings(
    *,
    n_trials: int,
    n_jobs: int,
    max_failure_rate: float,
    directions: Sequence[str],
    metric_names: Sequence[str],
    isolation: str,
) -> None:
    """Refuse numbers and names that no sweep can work with.

    Raises:
        SpaceError: A setting is outside what it may be.
    """
    for name, count in (("n_trials", n_trials), ("n_jobs", n_jobs)):
        if count < 1:
            raise SpaceError(f"hydra.sweeper.{name}={count}: expected at least 1.")
    if not 0 <= max_failure_rate <= 1:
        raise SpaceError(f"hydra.sweeper.max_failure_rate={max_failure_rate}: expected a share from 0 to 1.")
    for direction in directions:
        if direction not in ("minimize", "maximize"):
            raise SpaceError(f"hydra.sweeper.direction={direction!r}: expected 'minimize' or 'maximize'.")
    if metric_names and len(metric_names) != len(directions):
        raise SpaceError(
            f"There are {len(metric_names)} objectives ({', '.join(metric_names)}), but hydra.sweeper.direction says "
            f"only {', '.join(directions)}: expected one direction for each, as in "
            "hydra.sweeper.direction=[maximize,minimize]."
        )
    if isolation not in ("process", "none"):
        raise SpaceError(f"hydra.sweeper.isolation={isolation!r}: expected 'process' or 'none'.")


def check_keys(space: Space, config: DictConfig, loader: ConfigLoader) -> None:
    """Refuse searched keys that the configuration does not have.

    Raises:
        SpaceError: Names the nearest key.
    """
    choices = {str(name) for name in OmegaConf.select(config, "hydra.runtime.choices", default={})}
    for key in space.parameters:
        if key.startswith("+") or key in choices or loader.get_group_options(key.partition("@")[0]):
            continue
        if OmegaConf.select(config, key, default=_NOTHING) is _NOTHING:
            known = [*_leaves(config), *(name for name in choices if not name.startswith("hydra/"))]
            nearest = difflib.get_close_matches(key, known, n=1)
            hint = f" Did you mean '{nearest[0]}'?" if nearest else ""
            raise SpaceError(
                f"The search space varies '{key}', which the configuration does not have.{hint} "
                f"(A key that is to be added is written '+{key}'.)"
            )


def check_edges(space: Space, config: DictConfig, loader: ConfigLoader, validate: str | None) -> None:
    """Compose configurations that touch every edge of the space, and let the app judge them.

    Raises:
        SpaceError: A value that the configuration's schema or the app's own `validate` refuses.
    """
    judge = get_method(validate) if validate else None
    for point in space.probes() or [{}]:
        overrides = space.overrides(point)
        try:
            composed = loader.load_sweep_config(config, overrides)
            if judge is not None:
                judge(composed, frozenset(space.parameters))
        except Exception as error:  # the schema's, or whatever the app's own judge raises
            told_by_cause = isinstance(error, HydraException) and isinstance(error.__cause__, OmegaConfBaseException)
            cause = f"\n{error.__cause__}" if told_by_cause else ""
            raise SpaceError(f"The search space does not work at {' '.join(overrides)}:\n{error}{cause}") from error


def default_point(space: Space, config: DictConfig) -> dict[str, Any]:
    """The configured values of the searched parameters, as far as the space contains them."""
    choices = OmegaConf.select(config, "hydra.runtime.choices", default={})
    point = {}
    for key, parameter in space.parameters.items():
        value = choices.get(key, OmegaConf.select(config, key, default=_NOTHING)) if key[0] != "+" else _NOTHING
        if value is not _NOTHING and (admitted := _admitted(parameter, value)) is not _NOTHING:
            point[key] = admitted
    return point


_NOTHING = object()


def _admitted(parameter: Parameter, value: Any) -> Any:
    try:
        return parameter.admit(OmegaConf.to_container(value) if OmegaConf.is_config(value) else value)
    except SpaceError:
        return _NOTHING


def _leaves(config: Mapping[Any, Any], prefix: str = "") -> list[str]:
    names = []
    for key in config:
        if prefix == "" and key == "hydra":
            continue
        node = config._get_node(key) if isinstance(config, DictConfig) else None
        names.append(f"{prefix}{key}")
        if isinstance(node, DictConfig) and not node._is_none() and not node._is_missing():
            names += _leaves(node, f"{prefix}{key}.")
    return names
