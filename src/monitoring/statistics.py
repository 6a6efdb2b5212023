"""The statistics of a picture, and of what a model finds on it, that are compared with those of the reference.

Pictures are looked at with 320 pixels along the longer side, so that cameras of other resolutions compare. Principal
components of a network's features are left out: they noticed 10 % of nights on pictures that they were not made from.

References: Pech-Pacheco et al., Diatom autofocusing in brightfield microscopy, 2000 (variance of the Laplacian);
Immerkær, Fast Noise Variance Estimation, 1996.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import convolve, laplace

OF_PICTURES = ("brightness", "contrast", "saturation", "log_sharpness", "log_noise")
OF_OUTPUTS = ("boxes", "score", "size")
ALL = (*OF_PICTURES, *OF_OUTPUTS)

Statistics = Mapping[str, NDArray[np.float64]]  # by name, a value a picture, (I,); NaN where it has none

_SIDE_PX = 320
_GREY = np.array([0.114, 0.587, 0.299])  # of blue, green and red (ITU-R BT.601)
_SECOND_DIFFERENCES = np.array([[1.0, -2.0, 1.0], [-2.0, 4.0, -2.0], [1.0, -2.0, 1.0]])
_SMALLEST = 1e-8  # of a variance: that of one grey


def of_picture(image_bgr: NDArray[np.uint8]) -> tuple[float, ...]:
    """The statistics of one picture, in the order of `OF_PICTURES`.

    Args:
        image_bgr: (H, W, 3), in the order blue, green, red.
    """
    colours = _reduced(image_bgr)
    grey = colours @ _GREY
    blue, green, red = np.moveaxis(colours, 2, 0)  # max(axis=2) takes three values at a time, and ten times as long
    most, least = np.maximum(np.maximum(blue, green), red), np.minimum(np.minimum(blue, green), red)
    saturation = np.divide(most - least, most, out=np.zeros_like(most), where=most > 0)
    noise = np.sqrt(np.pi / 2) / 6 * np.abs(convolve(grey, _SECOND_DIFFERENCES)).mean()
    return (
        float(grey.mean()),
        float(grey.std()),
        float(saturation.mean()),
        float(np.log10(laplace(grey).var() + _SMALLEST)),
        float(np.log10(noise**2 + _SMALLEST) / 2),
    )


def of_pictures(rows: Sequence[tuple[float, ...]]) -> Statistics:
    """The statistics of several pictures by name, from those of each."""
    columns = np.array(rows, np.float64).reshape(-1, len(OF_PICTURES)).T
    return dict(zip(OF_PICTURES, columns, strict=True))


def of_outputs(
    image_index: NDArray[np.int64],
    scores: NDArray[np.float64],
    boxes_xyxy: NDArray[np.float64],
    sizes_wh: NDArray[np.int64],
) -> Statistics:
    """The statistics of N boxes that a model finds on I pictures, in the names of `OF_OUTPUTS`.

    These are the number of boxes, their mean score, and the median of the square roots of their areas as shares of the
    picture's; the last two are NaN for a picture without boxes.

    Args:
        image_index: Which picture each box is on, (N,).
        scores: (N,).
        boxes_xyxy: In pixels of the picture, (N, 4).
        sizes_wh: Of the pictures, (I, 2).
    """
    areas = (boxes_xyxy[:, 2:] - boxes_xyxy[:, :2]).clip(0).prod(axis=1)
    sizes = np.sqrt(areas / sizes_wh[image_index].prod(axis=1))
    own = [image_index == index for index in range(len(sizes_wh))]
    return {
        "boxes": np.array([float(mask.sum()) for mask in own]),
        "score": np.array([scores[mask].mean() if mask.any() else np.nan for mask in own]),
        "size": np.array([np.median(sizes[mask]) if mask.any() else np.nan for mask in own]),
    }


def chosen(statistics: Statistics, pictures: Any) -> Statistics:
    """The statistics of some of the pictures, by a mask or their numbers."""
    return {name: values[pictures] for name, values in statistics.items()}


def stored(statistics: Statistics) -> dict[str, tuple[float | None, ...]]:
    """The statistics as a document has them."""
    return {
        name: tuple(None if np.isnan(value) else round(float(value), 5) for value in values)
        for name, values in statistics.items()
    }


def _reduced(image_bgr: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The picture from 0 to 1; larger ones by the mean of what falls into each pixel."""
    height, width = image_bgr.shape[:2]
    factor = min(1.0, _SIDE_PX / max(height, width))
    picture = Image.fromarray(np.ascontiguousarray(image_bgr))
    if factor < 1:
        size = max(1, round(width * factor)), max(1, round(height * factor))
        picture = picture.resize(size, Image.Resampling.BOX)
    return np.asarray(picture, np.float64) / 255
