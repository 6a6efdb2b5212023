"""Objects that the sweeper's configuration names: samplers, pruners, storages, callbacks."""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hydra.types import HydraContext
from hydra.utils import instantiate

_HAS_WHITELISTS = "execution_whitelist" in {field.name for field in dataclasses.fields(HydraContext)}


def build(config: Any) -> Any:
    """Instantiate what a configuration names.

    From Hydra 1.4 on, an app says what configurations may name (`hydra.main(execution_whitelist=[...])`). Optuna's own
    classes are what this sweeper is for and need not be listed; about all others the app decides.
    """
    if _HAS_WHITELISTS and all(name.startswith("optuna.") for name in _named(config)):
        return instantiate(config, _execution_whitelist_="optuna.*")
    return instantiate(config)


def _named(config: Any) -> Iterator[str]:
    if isinstance(config, Mapping):
        for key, value in config.items():
            yield from [str(value)] if key == "_target_" else _named(value)
    elif isinstance(config, Sequence) and not isinstance(config, str | bytes):
        for value in config:
            yield from _named(value)
