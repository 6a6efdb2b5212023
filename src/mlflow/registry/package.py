"""A detector as others get it: a folder that `mlflow.pyfunc.load_model` loads without this project.

The weights run through Ultralytics' `predict`, which gives exactly the boxes that the thresholds were chosen on. The
export to ONNX is stored with them for those who deploy it, and can be run too; it is given the same pictures, and its
boxes differ in the last digits.
"""

import importlib.metadata
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.mlflow.client import quiet

BACKENDS = ("pytorch", "onnx")

_CODE = Path(__file__).with_name("detector_model.py")
_REQUIREMENTS = (
    *("mlflow", "ultralytics", "torch", "torchvision", "opencv-python"),
    *("onnx", "onnxruntime", "numpy", "pandas"),
)
_BOX = ("x1", "y1", "x2", "y2")


@dataclass(frozen=True)
class Package:
    """What a registered detector is made of.

    Attributes:
        weights: Ultralytics' weights.
        onnx: Their export.
        example: A picture that shows how to ask it.
        class_names: In the order of their ids.
        imgsz: Image size in pixels.
        confidence: Detections have to score higher; one number, or one for each class by its name.
        iou: NMS IoU.
        is_rtdetr: Whether the weights are of that family.
    """

    weights: Path
    onnx: Path
    example: Path
    class_names: Sequence[str]
    imgsz: int
    confidence: float | Mapping[str, float]
    iou: float
    is_rtdetr: bool = False

    @property
    def model_config(self) -> dict[str, Any]:
        """What `src/mlflow/registry/detector_model.py` asks for."""
        return {
            "backend": "pytorch",
            "confidence": self.confidence if isinstance(self.confidence, float) else dict(self.confidence),
            "iou": self.iou,
            "rtdetr": self.is_rtdetr,
            "imgsz": self.imgsz,
            "device": None,
            "class_names": list(self.class_names),  # for people; the detector knows them itself
        }


def save(package: Package, folder: Path, *, model_id: str | None = None, run_id: str | None = None) -> None:
    """Write the model's folder, as MLflow lays it out.

    Args:
        package: What it is made of.
        folder: Where to; must not exist.
        model_id: The store's id of the model, if it has one.
        run_id: The training's run.
    """
    outputs = [("long", "image"), ("string", "class"), *(("double", name) for name in ("confidence", *_BOX))]
    with _quiet():
        import mlflow.pyfunc
        import pandas as pd
        from mlflow.models import Model, ModelSignature
        from mlflow.types import ColSpec, Schema

        mlflow.pyfunc.save_model(
            path=str(folder),
            mlflow_model=Model(run_id=run_id, model_id=model_id),
            python_model=str(_CODE),
            artifacts={"weights": str(package.weights), "onnx": str(package.onnx)},
            signature=ModelSignature(
                inputs=Schema([ColSpec("binary", "image")]), outputs=Schema([ColSpec(*each) for each in outputs])
            ),
            input_example=pd.DataFrame({"image": [package.example.read_bytes()]}),
            model_config=package.model_config,
            pip_requirements=requirements(),
        )


def requirements() -> list[str]:
    """The packages that the model runs on, pinned to the installed versions.

    A build's local part (`torch 2.9.0+cpu`) is left out: package registries do not know it.
    """
    return [f"{name}=={importlib.metadata.version(name).partition('+')[0]}" for name in _REQUIREMENTS]


def load(folder: Path, *, backend: str = "pytorch", device: str | None = None) -> Any:
    """Load a model's folder as a user would: `mlflow.pyfunc.load_model`."""
    with _quiet():
        import mlflow.pyfunc

        return mlflow.pyfunc.load_model(str(folder), model_config={"backend": backend, "device": device})


def predict(folder: Path, images: Sequence[bytes], *, backend: str = "pytorch") -> list[dict[str, Any]]:
    """Load a model's folder and look at encoded images; a dictionary a box, keyed as the columns."""
    import pandas as pd

    model = load(folder, backend=backend)
    with _quiet():
        boxes: list[dict[str, Any]] = model.predict(
            pd.DataFrame({"image": pd.Series(list(images), dtype=object)})
        ).to_dict("records")
    return boxes


def config_in(folder: Path) -> dict[str, Any]:
    """The `model_config` of a model's folder; empty for a model that has none."""
    config: dict[str, Any] = _pyfunc_flavor(folder).get("config") or {}
    return config


def weights_in(folder: Path) -> Path:
    """The weights in a model's folder."""
    return folder / str(_pyfunc_flavor(folder)["artifacts"]["weights"]["path"])


def _pyfunc_flavor(folder: Path) -> dict[str, Any]:
    with _quiet():
        from mlflow.models import Model

        flavor: dict[str, Any] = Model.load(str(folder)).flavors.get("python_function") or {}
    return flavor


@contextmanager
def _quiet() -> Iterator[None]:
    """Hold back what MLflow and Ultralytics say about what they do."""
    with quiet("ultralytics"), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
