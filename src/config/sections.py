"""One section of the composed configuration as its typed options: DictConfig stops here."""

from typing import TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue

from src.core.errors import ConfigError

T = TypeVar("T")


def section(cfg: DictConfig, name: str, expected: type[T]) -> T:
    """The options of section `name`, validated by their own constructor.

    Raises:
        ConfigError: a value that has to be given is not, or the section was composed without its schema.
    """
    try:
        options = OmegaConf.to_object(cfg[name])
    except MissingMandatoryValue as error:
        key = error.full_key or name
        raise ConfigError(f"{key} has no default: give it, {key}=…") from error
    if not isinstance(options, expected):
        raise ConfigError(f"section '{name}' has no schema; its YAML must begin with 'defaults: [schema_…, _self_]'")
    return options
