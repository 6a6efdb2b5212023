"""The frozen composition: `params.yaml`, which DVC reads and every stage of the pipeline runs with.

It is a Hydra primary config of its own: `python -m src.<stage> -cd . -cn params`. Its defaults list names the
schemas, so that a value that DVC has set (`dvc exp run -S train.lr0=…`) is checked like one on the command line.

Where runs are recorded is the machine's business: of the section `tracking` only the choice is frozen. It may ask the
environment, and DVC would write the answer into the file, passwords included.
"""

import contextlib
import dataclasses
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from src.config import app, schema
from src.config.folders import with_own_folder
from src.config.keys import check_keys
from src.config.own_files import with_own_files
from src.config.provenance import Provenance
from src.config.sections import section
from src.core.errors import ConfigError
from src.core.secrets import has_password
from src.data.ingredients import watched
from src.data.options import DataOptions
from src.detector.options import ModelOptions

FILE = Path("params.yaml")
SECTIONS = ("data", "model", "train", "evaluate", "threshold", "decide")

_TRACKING = "tracking"
_HEADER = """\
# The frozen configuration of the pipeline, written by `python -m src.freeze`; `dvc repro` runs it.
# To change it, freeze again:
#   {command}
{provenance}"""


def freeze(overrides: Sequence[str], provenance: Provenance | None = None) -> str:
    """The text of `params.yaml` for a composition of `conf/`.

    The same overrides give the same text.

    Args:
        overrides: As on the command line of a stage.
        provenance: The study and trial that they come from.

    Raises:
        ConfigError: the overrides cannot be composed, or would freeze a password.
    """
    cfg = composed(overrides)
    provenance = _with_sources(dataclasses.replace(provenance or Provenance(), overrides=list(overrides)), cfg)
    content: dict[str, Any] = {
        "defaults": [
            "pipeline",
            *({name: _schema_of(cfg, name)} for name in SECTIONS),
            {_TRACKING: OmegaConf.select(cfg, f"hydra.runtime.choices.{_TRACKING}")},
            {"provenance": "schema_provenance"},
            "_self_",
        ],
        "provenance": dataclasses.asdict(provenance),
        **{name: _resolved(cfg, name) for name in SECTIONS},
        **_said_of_tracking(cfg, overrides),
    }
    text = yaml.safe_dump(content, sort_keys=False, width=120, allow_unicode=True)
    if has_password(text):
        raise ConfigError(
            f"The configuration holds a password in a URL, which would be written into {FILE}. Let it come from the "
            "environment: ${oc.env:NAME}."
        )
    return _header(overrides, provenance) + text


def storage_of(overrides: Sequence[str]) -> Any:
    """Where a search with these overrides keeps its study: a text, or a mapping with `_target_`."""
    return OmegaConf.select(composed(overrides), "hydra.sweeper.storage")


def absolute_paths(text: str) -> list[str]:
    """The values of a frozen configuration that are paths of this machine only."""
    values = re.findall(r"^\s*[\w.-]+: (/\S.*)$", text, flags=re.MULTILINE)
    return sorted(set(values))


def composed(overrides: Sequence[str]) -> DictConfig:
    """The composition of `conf/` with overrides as on a command line, Hydra's own section included.

    Raises:
        ConfigError: they cannot be composed.
    """
    schema.register()
    overrides = with_own_files(overrides)
    check_keys(overrides)
    try:
        with contextlib.ExitStack() as stack:
            if not GlobalHydra.instance().is_initialized():  # within an entry point it is, with the same folder
                stack.enter_context(
                    initialize_config_dir(app.ROOT["config_path"], version_base=app.ROOT["version_base"])
                )
            return compose(app.ROOT["config_name"], overrides=with_own_folder(overrides), return_hydra_config=True)
    except (HydraException, OmegaConfBaseException) as error:
        raise ConfigError(f"The configuration cannot be composed: {error}") from error


def _schema_of(cfg: DictConfig, name: str) -> str:
    """The schema of a section, which depends on what was chosen for it."""
    chosen = OmegaConf.get_type(cfg[name])
    names = [schema_name for group, schema_name, options in schema.SCHEMAS if group == name and options is chosen]
    if not names:
        raise ConfigError(f"section '{name}' has no schema; its YAML must begin with 'defaults: [schema_…, _self_]'")
    return f"schema_{names[0]}"


def _resolved(cfg: DictConfig, name: str) -> Any:
    """A section as plain values.

    Raises:
        ConfigError: a value has to be given, or cannot work.
    """
    section(cfg, name, object)
    return OmegaConf.to_container(cfg[name], resolve=True)


def _said_of_tracking(cfg: DictConfig, overrides: Sequence[str]) -> dict[str, dict[str, Any]]:
    """What the overrides say about tracking beyond the choice, as they say it."""
    raw = OmegaConf.to_container(cfg[_TRACKING])
    assert isinstance(raw, dict), "a section is a mapping"
    said = [override.partition("=")[0].removeprefix(f"{_TRACKING}.") for override in overrides]
    values = {key: raw[key] for key in said if key in raw}
    return {_TRACKING: values} if values else {}


def _with_sources(provenance: Provenance, cfg: DictConfig) -> Provenance:
    """The provenance with the files that DVC has to watch besides the project's code."""
    parts = [_from_here(path) for path in watched(section(cfg, "data", DataOptions))]
    weights = section(cfg, "model", ModelOptions).weights
    return dataclasses.replace(
        provenance,
        data=parts[0] if parts else provenance.data,
        description=parts[1] if len(parts) > 1 else provenance.description,
        weights=weights if weights and Path(weights).exists() else provenance.weights,
    )


def _from_here(path: Path) -> str:
    """Relative to the project where the path lies within it, so that it holds in a copy of the project."""
    path, here = path.absolute(), Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)


def _header(overrides: Sequence[str], provenance: Provenance) -> str:
    command = shlex.join(["python", "-m", "src.freeze", *overrides])
    came_from = f"# From trial {provenance.trial} of the study {provenance.study}.\n" if provenance.study else ""
    return _HEADER.format(command=command, provenance=came_from)
