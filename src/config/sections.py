"""One section of the composed configuration as its typed options: DictConfig stops here."""

from dataclasses import fields
from typing import Any, TypeVar

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

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
    except OmegaConfBaseException as error:  # an interpolation that leads nowhere, or to what the key cannot hold
        raise ConfigError(f"{error.full_key or name}: {str(error).splitlines()[0]}") from error
    if not isinstance(options, expected):
        raise ConfigError(f"section '{name}' has no schema; its YAML must begin with 'defaults: [schema_…, _self_]'")
    return options


def arguments(cfg: DictConfig, expected: type[T]) -> T:
    """The top-level keys of a command's root that are its arguments, such as `study=NAME`, as a validated dataclass.

    Args:
        cfg: The composed root, which has all of the dataclass's fields as keys.
        expected: The dataclass.

    Raises:
        ConfigError: an argument that has to be given is not, or is of the wrong type.
    """
    schema: Any = OmegaConf.structured(expected)
    for field in fields(expected):  # type: ignore[arg-type]  # a TypeVar cannot say "dataclass"
        if OmegaConf.is_missing(cfg, field.name):
            raise ConfigError(f"{field.name} has no default: give it, {field.name}=…")
        try:
            schema[field.name] = cfg[field.name]
        except OmegaConfBaseException as error:
            raise ConfigError(f"{field.name}={cfg[field.name]}: {str(error).splitlines()[0]}") from error
    made = OmegaConf.to_object(schema)
    assert isinstance(made, expected)
    return made
