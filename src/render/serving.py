"""The page on which a served model is tried: an image is dropped on it, and its boxes are drawn."""

from collections.abc import Mapping
from typing import Any

from src.render.templating import environment


def page(name: str, version: int, alias: str, config: Mapping[str, Any]) -> str:
    """The page as HTML; it loads nothing from elsewhere.

    Args:
        name: Of the registered model.
        version: Its number.
        alias: By which it was chosen.
        config: The model's `model_config`: threshold, NMS IoU, image size, class names.
    """
    confidence = config["confidence"]
    threshold = (
        ", ".join(f"{label}: {score:.3g}" for label, score in confidence.items())
        if isinstance(confidence, Mapping)
        else f"{confidence:.3g}"
    )
    known = (
        ("Version", f"{version} ({alias})"),
        ("Confidence above", threshold),
        ("NMS IoU", f"{config['iou']:g}"),
        ("Image size", f"{config['imgsz']} px"),
    )
    classes = config.get("class_names", ())
    return environment(html=True).get_template("serving.html.jinja").render(name=name, known=known, classes=classes)
