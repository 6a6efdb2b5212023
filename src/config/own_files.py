"""`search=PATH` and `experiment=PATH`: a file of the user's own, wherever it lies, as a choice of these groups."""

import re
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

import yaml
from hydra.core.config_store import ConfigStore
from hydra.core.object_type import ObjectType
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from src.config.folders import files_of
from src.config.grammar import as_text
from src.core.errors import ConfigError

GROUPS_OF_OWN_FILES = ("search", "experiment")  # their files set several sections
_PACKAGE = re.compile(r"^#\s*@package\s+(\S+)", flags=re.MULTILINE)


def with_own_files(arguments: Sequence[str]) -> list[str]:
    """The command line with the files that it names by their paths made known to Hydra.

    A file in the working folder is named relative to it, so that the same command line holds on another machine.

    Side effects: adds the files to Hydra's ConfigStore.

    Raises:
        ConfigError: there is no such file, or it holds no settings.
    """
    written = []
    for argument in arguments:
        named = _named(argument)
        written.append(argument if named is None else _registered(argument, *named))
    return written


def is_registered(group: str, choice: str) -> bool:
    """Whether a choice of a group is a file that `with_own_files` has made known."""
    return ConfigStore.instance().get_type(f"{group}/{choice}.yaml") is ObjectType.CONFIG


def short_name(choice: str) -> str:
    """The name of a choice of a group; of a file that is named by its path, the file's name without suffix."""
    return PurePosixPath(choice).stem if choice.endswith((".yaml", ".yml")) else choice


def _named(argument: str) -> tuple[str, Path] | None:
    """The group and the path of an argument that names a file by its path."""
    try:
        override = OverridesParser.create().parse_override(argument)
    except HydraException:  # one of Hydra's options, or what Hydra refuses by itself
        return None
    group, value = override.key_or_group, override.value()
    if group not in GROUPS_OF_OWN_FILES or not isinstance(value, str) or not value.endswith((".yaml", ".yml")):
        return None
    path = Path(value).expanduser()
    is_choice = value.removesuffix(".yaml") in files_of(group)
    return None if is_choice and not path.is_file() else (group, path)


def _registered(argument: str, group: str, path: Path) -> str:
    """The override that chooses the file.

    Side effects: adds it to Hydra's ConfigStore.
    """
    package, content = _read(argument, path)
    name = _name(group, path)
    folder = f"{group}/{name.parent}".replace("//", "/").removesuffix("/.")
    ConfigStore.instance().store(name.name, content, group=folder, package=package, provider=str(path))
    return f"{argument.partition('=')[0]}={as_text(str(name))}"


def _name(group: str, path: Path) -> PurePosixPath:
    """Relative to the working folder, unless the file is elsewhere or Hydra would take one of the group for it."""
    full = path.resolve()
    if full.is_relative_to(here := Path.cwd().resolve()):
        name = PurePosixPath(full.relative_to(here).as_posix())
        if str(name.with_suffix("")) not in files_of(group):
            return name
    return PurePosixPath(full.as_posix())


def _read(argument: str, path: Path) -> tuple[str, DictConfig]:
    """The package that a file's content belongs to, and the content."""
    try:
        content = OmegaConf.load(path)
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{argument}: there is no such file in {Path.cwd()}, nor a choice of that name.") from error
    except (OSError, ValueError, yaml.YAMLError, OmegaConfBaseException) as error:
        raise ConfigError(f"{argument}: it cannot be read as YAML: {error}") from error
    if not isinstance(content, DictConfig):
        raise ConfigError(f"{argument}: expected settings by section, as in `train: {{epochs: 20}}`.")
    package = _PACKAGE.search(text)
    return package[1] if package else "_global_", content
