"""Objects that the sweeper's configuration names: samplers, pruners, storages, callbacks, functions of the app."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from hydra.types import HydraContext
from hydra.utils import instantiate

_HAS_WHITELISTS = "execution_whitelist" in {field.name for field in dataclasses.fields(HydraContext)}


def build(config: Any, **arguments: Any) -> Any:
    """Instantiate what a configuration names, with further arguments that no configuration can hold.

    From Hydra 1.4 on, an app says what configurations may name (`hydra.main(execution_whitelist=[...])`). Optuna's own
    classes are what this sweeper is for and need not be listed; about all others the app decides.
    """
    if _HAS_WHITELISTS and all(name.startswith("optuna.") for name in _named(config)):
        return instantiate(config, _execution_whitelist_="optuna.*", **arguments)
    return instantiate(config, **arguments)


def function(path: str) -> Callable[..., Any]:
    """The function of a dotted path, if the app allows configurations to name it."""
    named: Callable[..., Any] = build({"_target_": path, "_partial_": True})
    return named


def build_sampler(arguments: Mapping[str, Any]) -> Any:
    """Instantiate a sampler; NSGA-III wants its reference points as an array, which no configuration holds."""
    points = arguments.get("reference_points")
    if points is None:
        return build(dict(arguments))
    import numpy

    return build(dict(arguments), reference_points=numpy.asarray(points, dtype=float))


def _named(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield from [str(value)] if key == "_target_" else _named(value)
    elif isinstance(config, Sequence) and not isinstance(config, str | bytes):
        for value in config:
            yield from _named(value)
