"""Named corruptions of images at one fixed severity each, by AlbumentationsX.

The severities are chosen so that a person still recognises what is on the picture. A recall that collapses under one
of them is thus a weakness of the model. Sizes that a corruption has in pixels follow the image's size, because
detectors see every image at the same size.
"""

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from src.core.errors import ConfigError, did_you_mean

VISIBLE_SHARE = 0.25
_GREY = 114  # what detectors pad images with
_OBJECT = 0  # the label that all objects have for the library


@dataclass(frozen=True)
class Corruption:
    """One way to make images harder.

    Attributes:
        severity: What is done and how much of it, for the report.
        transforms: The library's transforms for an image, from the library's module and the image's longer side in
            pixels.
        needs_boxes: Whether the transforms have to know where the objects are.
        moves_boxes: Whether objects are elsewhere afterwards.
    """

    severity: str
    transforms: Callable[[Any, int], list[Any]]
    needs_boxes: bool = False
    moves_boxes: bool = False


def _night(library: Any, _side: int) -> list[Any]:
    return [
        library.RandomGamma(gamma_range=(160, 160), p=1),
        library.MultiplicativeNoise(multiplier=(0.3, 0.3), p=1),
        library.GaussNoise(std_range=(0.03, 0.03), per_channel=True, p=1),
    ]


def _rain(library: Any, side: int) -> list[Any]:
    return [
        library.RandomRain(
            slant_range=(-12, 12),
            drop_length=max(6, side // 16),
            drop_width=max(1, side // 400),
            drop_color=(200, 200, 200),
            blur_value=max(3, side // 200 * 2 + 1),
            brightness_coefficient=0.7,
            rain_type="heavy",
            p=1,
        )
    ]


def _fog(library: Any, _side: int) -> list[Any]:
    return [library.AtmosphericFog(density_range=(2.0, 2.0), fog_color=(200, 200, 200), depth_mode="linear", p=1)]


def _noise(library: Any, _side: int) -> list[Any]:
    return [library.GaussNoise(std_range=(0.15, 0.15), per_channel=True, p=1)]


def _blur(library: Any, side: int) -> list[Any]:
    return [library.GaussianBlur(sigma_range=(side / 160, side / 160), blur_range=(0, 0), p=1)]


def _jpeg(library: Any, _side: int) -> list[Any]:
    return [library.ImageCompression(compression_type="jpeg", quality_range=(15, 15), p=1)]


def _rotation(library: Any, _side: int) -> list[Any]:
    turns = [library.Affine(rotate=(angle, angle), rotate_method="ellipse", fill=_GREY, p=1) for angle in (-15.0, 15.0)]
    return [library.OneOf(turns, p=1)]


def _scale(library: Any, _side: int) -> list[Any]:
    return [library.Affine(scale=(0.5, 0.5), fill=_GREY, p=1)]


def _occlusion(library: Any, _side: int) -> list[Any]:
    return [
        library.ConstrainedCoarseDropout(
            num_holes_range=(1, 1),
            hole_height_range=(0.5, 0.5),
            hole_width_range=(0.5, 0.5),
            fill=_GREY,
            bbox_labels=[_OBJECT],
            p=1,
        )
    ]


CORRUPTIONS: Mapping[str, Corruption] = {
    "night": Corruption("gamma 1.6, then 30 % of the light, sensor noise of 3 % of the range", _night),
    "rain": Corruption("heavy: one streak per row of pixels, 1/16 of the longer side long, 70 % of the light", _rain),
    "fog": Corruption("atmospheric, density 2: 86 % opaque at the top of the image, clear at the bottom", _fog),
    "noise": Corruption("Gaussian, independent per channel, 15 % of the range", _noise),
    "blur": Corruption("Gaussian, a standard deviation of 1/160 of the longer side", _blur),
    "jpeg": Corruption("JPEG at quality 15", _jpeg),
    "rotation": Corruption("by 15° to either side about the centre", _rotation, needs_boxes=True, moves_boxes=True),
    "scale": Corruption("to half the size, about the centre", _scale, needs_boxes=True, moves_boxes=True),
    "occlusion": Corruption(
        "a grey rectangle of half the width and half the height of every object, at random inside its box",
        _occlusion,
        needs_boxes=True,
    ),
}


def corrupt(
    image_rgb: NDArray[np.uint8], boxes_xyxy: NDArray[np.float64], name: str, seed: int
) -> tuple[NDArray[np.uint8], NDArray[np.float64], NDArray[np.bool_]]:
    """An image under a corruption, with the boxes of its objects where they are then.

    A rotated object's box is the one of its inscribed ellipse, which is closer to the object than the box of the
    rotated corners. Boxes are cut at the image's edges.

    Args:
        image_rgb: (H, W, 3).
        boxes_xyxy: In pixels of the image, (n, 4).
        name: One of `CORRUPTIONS`.
        seed: Decides what is random in the corruption; see `image_seed`.

    Returns:
        The image, (H, W, 3); the boxes, (n, 4), NaN for those that are not kept; which are kept, (n,): those of which
        at least `VISIBLE_SHARE` stays inside the image. A corruption that moves nothing keeps all.

    Raises:
        ConfigError: there is no such corruption.

    Side effects: the first call imports torch, which the library wants, and turns the library's telemetry off for
    this process.
    """
    if name not in CORRUPTIONS:
        raise ConfigError(
            f"There is no corruption '{name}'.{did_you_mean(name, CORRUPTIONS)} There are: {', '.join(CORRUPTIONS)}."
        )
    library, corruption = _albumentations(), CORRUPTIONS[name]
    image_rgb = np.ascontiguousarray(image_rgb)  # a view in another order of colours has negative strides
    transforms = corruption.transforms(library, max(image_rgb.shape[:2]))
    count = len(boxes_xyxy)
    objects: dict[str, Any] = {}
    parameters = None
    if corruption.needs_boxes:
        objects = {"bboxes": boxes_xyxy, "kind": [_OBJECT] * count, "index": list(range(count))}
        parameters = library.BboxParams(
            coord_format="pascal_voc",
            label_fields=["kind", "index"],
            min_visibility=VISIBLE_SHARE if corruption.moves_boxes else 0.0,
            clip_bboxes_on_input=True,
        )
    pipeline = library.Compose(transforms, bbox_params=parameters, seed=seed, telemetry=False)
    result = pipeline(image=image_rgb, **objects)
    if not corruption.moves_boxes:
        return result["image"], boxes_xyxy.copy(), np.ones(count, bool)
    kept = np.asarray(result["index"], np.int64)
    moved = np.full((count, 4), np.nan)
    moved[kept] = np.asarray(result["bboxes"], np.float64).reshape(-1, 4)
    return result["image"], moved, ~np.isnan(moved[:, 0])


def image_seed(name: str, file: str, seed: int) -> int:
    """The seed of one image under one corruption, the same in every process.

    Args:
        name: The corruption.
        file: The image's file name; whatever folder it is in does not count.
        seed: Of the whole evaluation.
    """
    text = f"{name}/{file.rsplit('/', 1)[-1]}/{seed}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big")


def _albumentations() -> Any:
    os.environ["ALBUMENTATIONS_NO_TELEMETRY"] = "1"
    os.environ["ALBUMENTATIONS_OFFLINE"] = "1"
    import albumentations  # seconds

    return albumentations
