"""What is said on the command line, checked against what the configuration has, before Hydra composes it.

Hydra refuses unknown keys too, but cannot say what was meant; and a key that is appended with `+` it accepts although
nothing reads it, so that a search over `+lr0` would train the same thing again and again.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import ChoiceSweep, Override, ValueType
from hydra.errors import HydraException

from src.config import schema
from src.config.folders import CONF, files_of, folders
from src.config.own_files import GROUPS_OF_OWN_FILES, is_registered
from src.core.errors import ConfigError, did_you_mean

_HYDRA = "hydra"


def check_keys(arguments: Sequence[str], command: str = "config") -> None:
    """Refuse overrides of keys that nothing has, and name the nearest one that there is.

    Arguments that are no overrides are left to Hydra.

    Args:
        arguments: The command line.
        command: The file below `conf/` that the command composes, without suffix.

    Raises:
        ConfigError: a section (`train`, `data`, …) has no such key, nothing reads a key, a group has no such file, a
            group is chosen for a frozen configuration, or a search varies a group that decides about the search.
    """
    known = schema.keys_by_section()
    top_level = _top_level(command)
    frozen = _is_frozen(arguments)
    own_files = _has_files_elsewhere(arguments)
    for argument, override in _overrides(arguments):
        section, _, key = override.key_or_group.partition(".")
        if section == _HYDRA or section.startswith(f"{_HYDRA}/"):
            continue
        if section not in {*known, *top_level, *_groups()}:
            if own_files and not _homes(override.key_or_group, known):
                continue
            raise ConfigError(_unknown(override.key_or_group, known, top_level))
        if key:
            if section not in known and section in _groups() and not own_files:
                raise ConfigError(
                    f"'{override.key_or_group}': {section} is a group of files and has no keys: nothing would read it."
                    f" Choose a file with {section}=NAME, or set what its files set.{_elsewhere(key, known)}"
                )
            _check_setting(section, key, known)
        elif override.is_delete() and section in known:
            raise ConfigError(
                f"'{argument}' would delete the section {section}, which is needed. Choose another with {section}=NAME:"
                f" {', '.join(sorted(files_of(section)))}."
            )
        elif section in _groups():
            if frozen and section in known and section != "tracking":
                raise ConfigError(
                    f"'{argument}' chooses another {section} for a configuration that is frozen, and would mix the"
                    f" two. Freeze again with it (`python -m src.freeze … {argument}`), or set single values:"
                    f" {section}.KEY=…"
                )
            if not own_files:
                _check_choice(section, override)


def without_schemas(arguments: Sequence[str]) -> list[str]:
    """The command line with schemas left out of what `glob(…)` finds in a group: `model=glob(*)` means its files."""
    globs = {text: found for text, found in _overrides(arguments) if found.value_type is ValueType.GLOB_CHOICE_SWEEP}
    return [_only_files(globs[text]) if text in globs else text for text in arguments]


def _only_files(override: Override) -> str:
    sought: Any = override.value()
    include, exclude = (",".join(names) for names in (sought.include, [*sought.exclude, "schema_*"]))
    return f"{override.key_or_group}=glob([{include}],exclude=[{exclude}])"


def full_name(key: str) -> str:
    """The setting that a key names by its last part, such as `train.lr0` for `lr0`; the key itself where it is none."""
    known = schema.keys_by_section()
    homes = [] if key.partition(".")[0] in {*known, *_groups(), _HYDRA} else _homes(key, known)
    return homes[0] if len(homes) == 1 else key


def _overrides(arguments: Sequence[str]) -> Iterator[tuple[str, Override]]:
    parser = OverridesParser.create()
    for argument in arguments:
        if not argument.startswith("-"):
            try:
                yield argument, parser.parse_override(argument)
            except HydraException:  # Hydra refuses it by itself
                continue


def _is_frozen(arguments: Sequence[str]) -> bool:
    """Whether the primary config is a file of its own, such as params.yaml, and not the composition of conf/."""
    return any(argument in ("-cn", "--config-name") or argument.startswith("--config-name=") for argument in arguments)


def _has_files_elsewhere(arguments: Sequence[str]) -> bool:
    """Whether files besides those of conf/ are composed, whose keys and groups are not known here."""
    options = ("-cd", "--config-dir", "-cp", "--config-path")
    return any(argument.startswith(("hydra.searchpath", *options)) for argument in arguments)


def _check_setting(section: str, key: str, known: Mapping[str, set[str]]) -> None:
    if section not in known or key.split(".", maxsplit=1)[0] in known[section]:
        return
    if reason := schema.why_not(section, key):
        raise ConfigError(f"'{section}.{key}' cannot be set: {reason}.")
    raise ConfigError(
        f"'{section}.{key}' is not a setting of '{section}'.{did_you_mean(key, known[section])}"
        f" `--cfg job --package {section}` lists them all."
    )


def _check_choice(group: str, override: Override) -> None:
    """Refuse a file that a group does not have, and a search over files that decide about the search."""
    value = override.value()
    choices = value.list if isinstance(value, ChoiceSweep) else [value]
    files = files_of(group)
    by_path = f", or is named by its path ({group}=PATH.yaml)" if group in GROUPS_OF_OWN_FILES else ""
    names = [choice.removesuffix(".yaml") for choice in choices if isinstance(choice, str)]
    for name in names:
        if name not in files and not name.startswith("schema_") and not is_registered(group, name):
            raise ConfigError(
                f"{group}={name}: conf/{group} has no '{name}'.{did_you_mean(name, files)}"
                f" It has: {', '.join(sorted(files)) or 'nothing yet'}. A file of your own goes to"
                f" conf/{group} of the folder you start from{by_path}."
            )
    if override.is_sweep_override() and any(_decides_about_hydra(files[name]) for name in names if name in files):
        raise ConfigError(
            f"'{override.input_line}' searches over files of conf/{group} that set up the search itself (`hydra.…`),"
            " which is done before the first trial: it would have no effect. Run one search for each."
        )


def _decides_about_hydra(file: Path) -> bool:
    content = yaml.safe_load(file.read_text(encoding="utf-8"))
    return isinstance(content, dict) and _HYDRA in content


def _groups() -> set[str]:
    return {group.name for conf in folders() for group in conf.iterdir() if group.is_dir()} | {"experiment"}


def _top_level(command: str) -> set[str]:
    """The keys of a command's own root, besides sections and groups."""
    keys: set[str] = set()
    for name in (command, "command", "config"):
        file = CONF / f"{name}.yaml"
        if file.is_file():
            keys |= set(yaml.safe_load(file.read_text(encoding="utf-8")) or {})
    return keys - {"defaults", _HYDRA}


def _homes(key: str, known: Mapping[str, set[str]]) -> list[str]:
    """The settings of sections that have the name of a key."""
    return [f"{section}.{key}" for section, keys in known.items() if key.split(".", maxsplit=1)[0] in keys]


def _elsewhere(key: str, known: Mapping[str, set[str]]) -> str:
    homes = _homes(key, known)
    return f" Did you mean {' or '.join(sorted(homes))}?" if homes else ""


def _unknown(key: str, known: Mapping[str, set[str]], top_level: set[str]) -> str:
    if homes := _homes(key, known):
        return f"'{key}' is not a key of its own: nothing would read it. Did you mean {' or '.join(sorted(homes))}?"
    names = {*known, *top_level, *_groups()} - {_HYDRA}
    settings = {name for keys in known.values() for name in keys}
    guess = did_you_mean(key.partition(".")[0], names) or did_you_mean(key, settings)
    there = ", ".join(sorted(names))
    return f"'{key}' is no key of the configuration: nothing would read it.{guess} There are: {there}."
