"""Ultralytics' training arguments, read from its `cfg/default.yaml` without importing it (which takes seconds).

The comments of that file carry the types: `lr0: 0.01 # (float) initial learning rate`.
"""

import dataclasses
import importlib.util
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import NoneType
from typing import Any

import yaml

from src.core.errors import ConfigError, did_you_mean

_LINE = re.compile(r"^(?P<name>\w+):\s*(?P<value>[^#]*?)\s*# \((?P<types>[^)]*)\)\s*(?P<help>.*)$")
_TYPES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (float, int),
    "bool": (bool,),
    "str": (str,),
    "list": (list,),
    "list[int]": (list,),
    "tuple": (list, tuple),  # YAML knows no tuples
}

_OTHER_TASKS = (
    *("overlap_mask", "mask_ratio", "dropout", "pose", "kobj", "rle", "angle", "dlog", "dgrad", "dlam"),
    *("auto_augment", "erasing", "retina_masks"),
)
_PREDICTION = (
    *("source", "vid_stride", "stream_buffer", "visualize", "augment", "embed", "dnn", "tracker", "line_width"),
    *("show", "save_frames", "save_txt", "save_conf", "save_crop", "show_labels", "show_conf", "show_boxes"),
)
_EXPORT = ("format", "optimize", "dynamic", "simplify", "opset", "workspace", "nms")

# What cannot be set under `train`, and why.
NOT_TRAINING: Mapping[str, str] = {
    **dict.fromkeys(("task", "mode"), "the project trains detectors"),
    "model": "say `model=…` or `model.weights=…`",
    "data": "say `data=…`",
    "cfg": "a file in conf/train/ holds a set of training arguments",
    "pretrained": "`model.weights` says where a training starts",
    **dict.fromkeys(("project", "name", "exist_ok"), "say `hydra.run.dir=…`"),
    "save": "the best and the last weights are always kept; `tracking.log_weights` says which are uploaded",
    **dict.fromkeys(("single_cls", "classes"), "`data.classes=[NAME, …]` chooses the classes, for all stages alike"),
    "split": "a training validates on the val split",
    "save_json": "the validation's detections are always kept, in val_records.npz",
    "device": "",  # ours: one device only
    "resume": "",  # ours: a switch, beside `train.resume_from`
    "plots": "",  # ours: by default not in a search
    **dict.fromkeys(_OTHER_TASKS, "it belongs to another task than detection"),
    **dict.fromkeys(_PREDICTION, "it belongs to prediction, not to training"),
    **dict.fromkeys(_EXPORT, "it belongs to export, not to training"),
}


@dataclasses.dataclass(frozen=True)
class Argument:
    """One training argument of Ultralytics.

    Attributes:
        name: As Ultralytics spells it.
        default: Ultralytics' own default.
        types: What a value may be; `NoneType` among them where it may be unset.
        help: Ultralytics' one-line description.
    """

    name: str
    default: Any
    types: tuple[type, ...]
    help: str

    @property
    def annotation(self) -> Any:
        """The type in the form that OmegaConf's structured configs understand, which know no unions."""
        if self.name == "imgsz":  # a list is for prediction; Ultralytics would train on its maximum
            return int
        kinds = [kind for kind in self.types if kind is not NoneType]
        if kinds == [float, int]:
            kinds = [float]
        if len(kinds) != 1 or kinds[0] is list:
            return Any
        return kinds[0] | None if NoneType in self.types else kinds[0]

    def check(self, value: Any) -> None:
        """Refuse a value of a wrong type; what OmegaConf checks by itself passes anyway.

        Raises:
            ConfigError: naming the argument, the value and the types.
        """
        wrong_bool = isinstance(value, bool) and bool not in self.types  # a bool is an int for Python
        if wrong_bool or not isinstance(value, self.types):
            expected = " or ".join(dict.fromkeys(kind.__name__ for kind in self.types)).replace("NoneType", "null")
            raise ConfigError(f"train.{self.name}={value} is a {type(value).__name__}; expected {expected}.")


@cache
def training_arguments() -> Mapping[str, Argument]:
    """Every argument of Ultralytics that concerns the training of a detector, by name."""
    return {name: argument for name, argument in _all_arguments().items() if name not in NOT_TRAINING}


def defaults() -> dict[str, Any]:
    """Ultralytics' own defaults of the training arguments."""
    return {argument.name: argument.default for argument in training_arguments().values()}


def why_not(name: str) -> str:
    """Why `train.<name>` does not exist although Ultralytics has an argument of that name; empty if it has none."""
    return NOT_TRAINING.get(name, "")


def parse(text: str) -> dict[str, Argument]:
    """Read the arguments, their types and their defaults from the text of Ultralytics' `default.yaml`.

    Raises:
        ConfigError: a comment names a type that is not known here.
    """
    arguments = {}
    for line in text.splitlines():
        if match := _LINE.match(line):
            name, default = match["name"], yaml.safe_load(match["value"])
            arguments[name] = Argument(name, default, _types_in(name, match["types"], default), match["help"])
    return arguments


def _types_in(name: str, text: str, default: Any) -> tuple[type, ...]:
    kinds: list[type] = []
    for word in re.split(r"\s*[|,]\s*", text):
        if word == "optional":
            kinds.append(NoneType)
        elif word in _TYPES:
            kinds.extend(_TYPES[word])
        else:
            raise ConfigError(f"Ultralytics' argument {name} has the type '{word}'.{did_you_mean(word, _TYPES)}")
    if default is None:
        kinds.append(NoneType)
    return tuple(dict.fromkeys(kinds))


@cache
def _all_arguments() -> dict[str, Argument]:
    package = importlib.util.find_spec("ultralytics")
    if package is None or package.origin is None:
        raise ConfigError("Ultralytics is not installed; `make test` sets up the environment.")
    return parse((Path(package.origin).parent / "cfg" / "default.yaml").read_text(encoding="utf-8"))
