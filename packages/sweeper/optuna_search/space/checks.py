"""Refuses a sweep that cannot work before its first trial, and says what would."""

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from hydra.core.config_loader import ConfigLoader
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from optuna_search.errors import SpaceError
from optuna_search.hydra_internals import child, has_items
from optuna_search.objects import function
from optuna_search.space.condition import Clause
from optuna_search.space.conditions import NOTHING, clauses_of, configured
from optuna_search.space.parameter import Parameter
from optuna_search.space.space import Space

Compose = Callable[[list[str]], DictConfig]  # the configuration of a job with these overrides


def check_keys(space: Space, config: DictConfig, loader: ConfigLoader) -> None:
    """Refuse keys that are searched, or decide what is searched, and that the configuration does not have.

    Raises:
        SpaceError: Names the nearest key.
    """
    for parameter in space.parameters.values():
        for clause in clauses_of([parameter]):
            _check_clause(clause, parameter, space, config, loader)
    for parameter in space.parameters.values():
        key = parameter.key
        if key.startswith("+") or _exists(key, config, loader):
            continue
        where = config
        if parameter.condition is not None:  # what only one choice of a group has
            where = loader.load_sweep_config(config, space.where_searched(parameter))
        if not _exists(key, where, loader):
            there = f", also where {parameter.condition}" if parameter.condition else ""
            raise SpaceError(
                f"The search space varies '{key}', which the configuration does not have{there}."
                f"{_nearest(key, where)} (A key that is to be added is written '+{key}'.)"
            )


def check_edges(space: Space, config: DictConfig, compose: Compose, validate: str | None) -> None:
    """Compose configurations that touch every edge of the space, and let the app judge them.

    Raises:
        SpaceError: A value that the configuration's schema or the app's own `validate` refuses.
    """
    judge = function(validate) if validate else None
    for point in space.probes(config) or [{}]:
        overrides = space.overrides(point)
        try:
            composed = compose(overrides)
            if judge is not None:
                judge(composed, frozenset(space.by_key(point)))
        except Exception as error:  # the schema's, or whatever the app's own judge raises
            told_by_cause = isinstance(error, HydraException) and isinstance(error.__cause__, OmegaConfBaseException)
            cause = f"\n{error.__cause__}" if told_by_cause else ""
            raise SpaceError(f"The search space does not work at {' '.join(overrides)}:\n{error}{cause}") from error
        _check_constant(space, config, composed, overrides)


def check_overrides(setting: str, overrides: Sequence[str], space: Space, config: DictConfig, compose: Compose) -> None:
    """Refuse overrides of single jobs that the configuration does not take, or that hide what is searched.

    Args:
        setting: Where they stand, for the message.
        overrides: The overrides.
        space: What is searched.
        config: The sweep's configuration.
        compose: Gives a job's configuration.

    Raises:
        SpaceError: One of them cannot work.
    """
    example = space.example(config)
    for override in overrides:
        key = override.partition("=")[0].lstrip("+~")
        if key in space.keys:
            raise SpaceError(
                f"hydra.sweeper.{setting} sets {override}, but {key} is searched too: the trial's parameters would say "
                f"something else than it was run with. Leave {key} out of one of them."
            )
        try:
            compose([*example, override])
        except HydraException as error:
            raise SpaceError(f"hydra.sweeper.{setting} sets {override}: {error}") from error


def default_point(space: Space, config: DictConfig) -> dict[str, Any]:
    """The configured values of the searched parameters, as far as the space contains them."""
    values = {key: configured(config, key) for key in space.keys if not key.startswith("+")}
    return space.admissible({key: value for key, value in values.items() if value is not NOTHING})


def _check_clause(clause: Clause, parameter: Parameter, space: Space, config: DictConfig, loader: ConfigLoader) -> None:
    if clause.searched or clause.key in space.settings:
        return
    if not _exists(clause.key, config, loader):
        raise SpaceError(
            f"{parameter.key}: the condition '{clause}' is about '{clause.key}', which is neither searched nor in the "
            f"configuration.{_nearest(clause.key, config, space.keys)}"
        )
    options = loader.get_group_options(clause.key.partition("@")[0])
    for value in clause.values:
        if options and value not in options:
            raise SpaceError(
                f"{parameter.key}: the condition '{clause}' can never hold, because the config group has no "
                f"'{value}'. It has: {', '.join(options)}."
            )


def _check_constant(space: Space, config: DictConfig, composed: DictConfig, overrides: Sequence[str]) -> None:
    """Conditions are judged before a trial is composed: what they ask must not depend on what is searched."""
    for parameter in space.parameters.values():
        for clause in clauses_of([parameter]):
            before = clause.met_by(space.value_at(clause, config))
            if not clause.searched and before != clause.met_by(configured(composed, clause.key)):
                raise SpaceError(
                    f"{parameter.key}: whether '{clause}' holds is changed by what is searched, as at "
                    f"{' '.join(overrides)}. Put the condition on the searched key that decides it."
                )


def _exists(key: str, config: DictConfig, loader: ConfigLoader) -> bool:
    if configured(config, key) is not NOTHING or loader.get_group_options(key.partition("@")[0]):
        return True
    return key in _leaves(config)  # without a value: mandatory, or computed from what a trial sets


def _nearest(key: str, config: DictConfig, searched: Iterable[str] = ()) -> str:
    choices = OmegaConf.select(config, "hydra.runtime.choices", default={})
    known = [*searched, *_leaves(config), *(str(name) for name in choices if not str(name).startswith("hydra/"))]
    found = difflib.get_close_matches(key, known, n=1)
    return f" Did you mean '{found[0]}'?" if found else ""


def _leaves(config: Mapping[Any, Any], prefix: str = "") -> list[str]:
    names = []
    for key in config:
        if prefix == "" and key == "hydra":
            continue
        node = child(config, key) if isinstance(config, DictConfig) else None
        names.append(f"{prefix}{key}")
        if has_items(node):
            names += _leaves(node, f"{prefix}{key}.")
    return names
