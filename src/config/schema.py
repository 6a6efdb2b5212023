"""The schemas of the configuration's sections and their registration in Hydra's ConfigStore.

Each package owns its options (a dataclass that validates itself); this module only says under which group and
name Hydra finds them. A YAML file in `conf/<group>/` extends the schema `schema_<name>` of its group.
"""

import dataclasses
from typing import Any

from hydra.core.config_store import ConfigStore
from omegaconf import ListConfig, OmegaConf

from src.config.own_files import short_name
from src.config.provenance import Provenance
from src.core.errors import ConfigError
from src.data.options import ArchiveOptions, CocoJsonOptions, SyntheticOptions, YoloOptions
from src.decision.options import DecideOptions
from src.detector import arguments
from src.detector.figures import figure
from src.detector.options import ModelOptions, TrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.thresholds.options import ThresholdOptions

# (group, name of the schema in that group, dataclass)
SCHEMAS: tuple[tuple[str, str, type[Any]], ...] = (
    ("data", "archive", ArchiveOptions),
    ("data", "coco_json", CocoJsonOptions),
    ("data", "synthetic", SyntheticOptions),
    ("data", "yolo", YoloOptions),
    ("decide", "decide", DecideOptions),
    ("evaluate", "evaluate", EvaluateOptions),
    ("model", "model", ModelOptions),
    ("provenance", "provenance", Provenance),
    ("threshold", "threshold", ThresholdOptions),
    ("tracking", "mlflow", TrackingOptions),
    ("train", "train", TrainOptions),
)


def register() -> None:
    """Make every schema known to Hydra, and `${directions:…}` and `${short_name:…}` to OmegaConf.

    Side effects: fills the process-wide ConfigStore; calling it again changes nothing.
    """
    OmegaConf.register_new_resolver("directions", directions, replace=True)
    OmegaConf.register_new_resolver("short_name", short_name, replace=True)
    store = ConfigStore.instance()
    for group, name, options in SCHEMAS:
        store.store(group=group, name=f"schema_{name}", node=options, provider="src")


def directions(objective: Any) -> str | list[str]:
    """The direction of a search for an objective; of a list, a direction each."""
    if isinstance(objective, ListConfig):
        return [str(directions(name)) for name in objective]
    try:
        return "maximize" if figure(str(objective)).maximize else "minimize"
    except ConfigError:  # the section train refuses it, with a message and no traceback of OmegaConf's
        return "maximize"


def keys_by_section() -> dict[str, set[str]]:
    """The keys that each section can have, over all its schemas."""
    keys: dict[str, set[str]] = {}
    for group, _, options in SCHEMAS:
        keys.setdefault(group, set()).update(field.name for field in dataclasses.fields(options))
    return keys


def why_not(section: str, key: str) -> str:
    """Why a key that one may expect in a section is not there; empty for any other key."""
    return arguments.why_not(key) if section == "train" else ""
