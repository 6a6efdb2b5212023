"""Compose the configurations of a sweep's trials, from the files once and by changing values after that.

Hydra reads every file of the configuration again for each job. The trials of a sweep mostly differ in values, which
Hydra applies at the very end; up to there they are one composition.
"""

import os
import pickle
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, lru_cache
from typing import Any

import cloudpickle
from hydra.core.config_loader import ConfigLoader
from hydra.core.hydra_config import HydraConfig
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType
from omegaconf import Container, DictConfig, Node, OmegaConf, open_dict

from optuna_search.hydra_internals import apply_value, child, is_interpolation, overrides_dirname, split_key

COMPOSITIONS = 64  # kept at once; a sweep has one for each combination of its config groups

_SETTING = (OverrideType.CHANGE, OverrideType.ADD, OverrideType.FORCE_ADD)


class Composer:
    """Gives for a list of overrides what `ConfigLoader.load_sweep_config()` gives, in a small part of its time.

    The configuration's files are read when a combination of config groups is first met; later changes to them are not
    seen.
    """

    def __init__(self, loader: ConfigLoader, master: DictConfig) -> None:
        self._loader = loader
        self._master = master
        self._parse = lru_cache(maxsize=1024)(OverridesParser.create().parse_override)
        self._composed = lru_cache(maxsize=COMPOSITIONS)(self._compose)

    def __reduce__(self) -> tuple[type["Composer"], tuple[ConfigLoader, DictConfig]]:
        return Composer, (self._loader, self._master)

    def compose(self, overrides: Sequence[str]) -> DictConfig:
        """The configuration of a job with these overrides.

        Raises:
            hydra.errors.HydraException: Hydra cannot compose it.
        """
        try:
            config = self._change_values(overrides)
        except Exception:  # Hydra's own way ends in Hydra's own error
            config = None
        return self._loader.load_sweep_config(self._master, list(overrides)) if config is None else config

    def _change_values(self, overrides: Sequence[str]) -> DictConfig | None:
        """None where the order of Hydra's steps might be seen in the result."""
        parsed = [self._parse(override) for override in overrides]
        last = max((place for place, override in enumerate(parsed) if _is_more_than_a_value(override)), default=-1)
        first = [place <= last or self._is_choice(override) for place, override in enumerate(parsed)]
        config: DictConfig = pickle.loads(
            self._composed(tuple(line for line, is_first in zip(overrides, first, strict=True) if is_first))
        )
        for override, is_first in zip(parsed, first, strict=True):
            if is_first:
                continue
            if _looks_something_up(config, override):
                return None
            apply_value(override, config)
        _describe(config, [override for override in parsed if not override.is_hydra_override()])
        OmegaConf.copy_cache(from_config=self._master, to_config=config)
        return config

    def _is_choice(self, override: Override) -> bool:
        key = override.key_or_group
        return ("/" in key or key in self._groups) and not isinstance(override.value(), dict)

    @cached_property
    def _groups(self) -> frozenset[str]:
        """The config groups at the top of the search path that the sweep has."""
        overrides = OmegaConf.to_container(self._master.hydra.overrides.hydra)
        assert isinstance(overrides, list)
        config_name = self._master.hydra.job.config_name
        return frozenset(self._loader.get_group_options("", ObjectType.GROUP, config_name, overrides))

    def _compose(self, overrides: tuple[str, ...]) -> bytes:
        """A pickle, which makes a copy in a quarter of the time that `copy.deepcopy()` takes."""
        return cloudpickle.dumps(self._loader.load_sweep_config(self._master, list(overrides)))  # type: ignore[no-any-return]


@contextmanager
def described_by(config: DictConfig) -> Iterator[None]:
    """Let `${hydra:…}` mean what this configuration says, within the block."""
    hydra: Any = HydraConfig.instance()
    before, hydra.cfg = hydra.cfg, config
    try:
        yield
    finally:
        hydra.cfg = before


def _is_more_than_a_value(override: Override) -> bool:
    """What takes effect elsewhere than in its value, or depends on what is there already."""
    return override.type not in _SETTING or override.is_sweep_override() or override.key_or_group.startswith("hydra")


def _looks_something_up(config: DictConfig, override: Override) -> bool:
    """Whether an interpolation has to be resolved before the override can be applied."""
    *path, last = split_key(override.key_or_group)
    node: Node | None = config
    for key in path:
        node = child(node, key)
        if is_interpolation(node):
            return True
    node = child(node, last)
    if is_interpolation(node):
        return override.is_add() or isinstance(node, Container)
    merges = isinstance(node, Container) and isinstance(override.value(), dict | list)
    return merges and "${" in OmegaConf.to_yaml(node)


def _describe(config: DictConfig, overrides: Sequence[Override]) -> None:
    """What Hydra writes about a job into its configuration after everything else."""
    config.hydra.overrides.task = [override.input_line for override in overrides]
    config.hydra.runtime.cwd = os.getcwd()  # noqa: PTH109  # as Hydra does: a text
    if config.hydra.job.env_copy:
        with open_dict(config.hydra):
            for name in config.hydra.job.env_copy:
                config.hydra.job.env_set[name] = os.environ[name]
    if (dirname := overrides_dirname(overrides, config.hydra.job.config.override_dirname)) is not None:
        config.hydra.job.override_dirname = dirname
