"""Which models the project can train, told from a file's text or names alone: nothing is loaded or run."""

import importlib.util
import re
import zipfile
from functools import cache
from pathlib import Path
from typing import Final

import yaml

from src.core.errors import ConfigError, did_you_mean

_WORKS: Final = (
    "the project trains detectors, of the families YOLOv3, YOLOv5u, YOLOv6, YOLOv8, YOLOv9, YOLOv10, YOLO11, YOLO12,"
    " YOLO26 (as yolov8n, yolo11n, yolo26n) and RT-DETR, and models of no other task (segmentation, pose, oriented"
    " boxes, classification, depth) or family (YOLO-World, YOLOE, SAM, NAS)"
)
_RTDETR_HEAD: Final = "RTDETRDecoder"
_RTDETR_MODEL: Final = "RTDETRDetectionModel"
_HEADS: Final = frozenset({"Detect", "v10Detect", _RTDETR_HEAD})
_MODELS: Final = frozenset({"DetectionModel", _RTDETR_MODEL})
# as a pickle names a class: by lines, or from its fourth protocol on by texts with their length before them
_NAMED = re.compile(rb"ultralytics\.nn\.tasks(?:\n|\x94?\x8c.)(\w+)", re.DOTALL)
# names of public weights
_OTHERS = re.compile(
    r"yolo\w*-(seg|pose|obb|cls|sem|depth|world\w*)\b.*\.pt|(yoloe|yolo_nas).*\.pt|(mobile_|fast)?sam([\d._-].*)?\.pt",
    re.IGNORECASE,
)
_SCALE = re.compile(r"(\d+)([nslmx])(.+)?$")  # as Ultralytics takes it out of a file's name
_P6 = re.compile(r"^(yolov[58][nslmx])6(?=\.)")


def check_public_name(name: str) -> None:
    """Refuse public weights of another task or family by their name, before they are downloaded.

    Raises:
        ConfigError: so it is.
    """
    if _OTHERS.fullmatch(name):
        raise ConfigError(f"model.weights={name} is by its name a model that cannot be trained here; {_WORKS}.")


def check_architecture(name: str) -> None:
    """Refuse a model file that Ultralytics does not have, or that describes no detector.

    Args:
        name: A file of Ultralytics, with or without the letter of a scale, or a path.

    Raises:
        ConfigError: so it is.
    """
    head = _head_in(name)
    if head not in _HEADS:
        raise ConfigError(f"model.architecture={name} ends in {head}, a head that cannot be trained here; {_WORKS}.")


def check_weights(path: Path, key: str) -> None:
    """Refuse a file that holds no detector of Ultralytics, by the names of the models in it.

    Args:
        path: The file.
        key: What the user set to it.

    Raises:
        ConfigError: so it is.
    """
    models = _models_in(path)
    if models is None:
        raise ConfigError(f"{key}={path} is no checkpoint of Ultralytics; {_WORKS}.")
    if not models:
        raise ConfigError(
            f"{key}={path} holds no model of Ultralytics (of a file of your own with classes of your own say"
            f" model.trust_pickle=true); {_WORKS}."
        )
    if others := models - _MODELS:
        raise ConfigError(f"{key}={path} holds a {min(others)}; {_WORKS}.")


def is_rtdetr(weights: Path | None, architecture: str | None) -> bool:
    """Whether a model is of the family RT-DETR, which Ultralytics trains, validates and asks by classes of its own.

    Args:
        weights: Its file, if it has one.
        architecture: Else its model file.

    Raises:
        ConfigError: the model file does not exist, or is none.
    """
    if weights is not None:
        return _RTDETR_MODEL in (_models_in(weights) or ())
    return architecture is not None and _head_in(architecture) == _RTDETR_HEAD


def _head_in(architecture: str) -> str:
    file = _architecture_file(architecture)
    try:
        return str(yaml.safe_load(file.read_text(encoding="utf-8"))["head"][-1][2])
    except (yaml.YAMLError, UnicodeDecodeError, LookupError, TypeError):
        raise ConfigError(
            f"model.architecture={architecture} is no model file of Ultralytics: it has no 'head'."
        ) from None


def _architecture_file(name: str) -> Path:
    """Where Ultralytics finds a model file: a path, else by its name without the scale."""
    given = Path(name)
    plain = given.with_name(_P6.sub(r"\1-p6", given.name))
    known = _own_files()
    for file in (plain.with_name(_SCALE.sub(r"\1\3", plain.name)), plain, given):
        if file.is_file():
            return file
        if file.name == str(file) and file.name in known:
            return known[file.name]
    raise ConfigError(
        f"model.architecture={name}: there is no such file (looked in {Path.cwd()}), and Ultralytics has none of that"
        f" name.{did_you_mean(name, [*known, *(_with_scale(each) for each in known)])}"
    )


@cache
def _own_files() -> dict[str, Path]:
    spec = importlib.util.find_spec("ultralytics")
    assert spec is not None
    assert spec.origin is not None
    return {file.name: file for file in (Path(spec.origin).parent / "cfg" / "models").rglob("*.yaml")}


def _with_scale(file: str) -> str:
    return re.sub(r"^(yolo\w*?\d+)(?=[.-])", r"\1n", file)


def _models_in(path: Path) -> set[str] | None:
    """The models that a file of torch names; None if it is no such file, or is damaged or encrypted."""
    try:
        with zipfile.ZipFile(path) as archive:
            content = next((archive.read(name) for name in archive.namelist() if name.endswith("data.pkl")), None)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        return None
    return None if content is None else {name.decode() for name in _NAMED.findall(content)}
