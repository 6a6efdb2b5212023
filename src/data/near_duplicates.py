"""Which pictures are the same although their files differ: recompressed, resized, brightened or slightly cropped.

Two pictures are near duplicates when both of two comparisons of their thumbnails say so: the difference hash, of which
side of each pixel is the brighter one (N. Krawetz, "Kind of Like That", hackerfactor.com, 2013), and the correlation of
their brightness. On COCO128 and on the embedded data, no two different pictures come near the two limits (the nearest
hashes differ in 59 bits of 256), while JPEG at quality 30, halving the size and cutting 2 % off each edge stay within
them almost always; cutting off 5 %, mirroring and stronger changes do not.
"""

from collections.abc import Mapping
from itertools import combinations
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

ROWS, COLUMNS = 16, 17  # of a thumbnail: 16 differences in each of 16 rows
_MOST_BITS = 50  # in which two hashes may differ, of 256
_LEAST_CORRELATION = 0.95
_BLOCK = 1024  # rows of the matrix of all pairs that are made at once


class NearDuplicate(NamedTuple):
    """Two pictures of different splits that are near duplicates, each by its split and its number in it."""

    split: str
    number: int
    other_split: str
    other_number: int


def near_duplicates(thumbnails: Mapping[str, NDArray[np.float64]]) -> list[NearDuplicate]:
    """The pictures that have a near duplicate in a split before their own, each with the one that is most alike.

    One, because of a camera that does not move every frame is a near duplicate of every other one.

    Args:
        thumbnails: For each split, grey values of its N pictures brought to the same size, (N, ROWS, COLUMNS).
    """
    signed = {split: _hashes(pictures) for split, pictures in thumbnails.items()}
    centred = {split: _centred(pictures) for split, pictures in thumbnails.items()}
    found = []
    for split, other in combinations(thumbnails, 2):
        nearest = np.zeros(len(signed[other]), int)
        most = np.full(len(signed[other]), -1.0)
        for start in range(0, len(signed[split]), _BLOCK):
            rows = slice(start, start + _BLOCK)
            correlation = centred[split][rows] @ centred[other].T
            correlation[_differ(signed[split][rows], signed[other], correlation)] = -1
            best = correlation.max(axis=0, initial=-1)
            nearest = np.where(best > most, start + correlation.argmax(axis=0), nearest)
            most = np.maximum(most, best)
        found += [NearDuplicate(split, int(nearest[j]), other, int(j)) for j in np.flatnonzero(most > -1)]
    return found


def scenes(thumbnails: NDArray[np.float64]) -> NDArray[np.int64]:
    """The number of the scene that each of N pictures shows, (N,): near duplicates, one after the other, show one.

    Args:
        thumbnails: See `near_duplicates`, (N, ROWS, COLUMNS).
    """
    from scipy.sparse.csgraph import connected_components  # a third of a second

    signed, centred = _hashes(thumbnails), _centred(thumbnails)
    alike = ~_differ(signed, signed, centred @ centred.T)
    return np.asarray(connected_components(alike, directed=False)[1], np.int64)


def thumbnail(picture: Image.Image) -> NDArray[np.uint8]:
    """A picture's grey values at the size at which near duplicates are looked for, (ROWS, COLUMNS)."""
    return np.asarray(picture.convert("L").resize((COLUMNS, ROWS), Image.Resampling.BOX))


def _differ(
    signed: NDArray[np.float32], others: NDArray[np.float32], correlation: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Which pairs of pictures are no near duplicates by one of the two comparisons, in the shape of `correlation`."""
    bits_apart = (signed.shape[1] - signed @ others.T) / 2
    return np.asarray((bits_apart > _MOST_BITS) | (correlation < _LEAST_CORRELATION))


def _hashes(pictures: NDArray[np.float64]) -> NDArray[np.float32]:
    """The difference hashes as +1 and -1, (N, 256): their scalar products count the equal bits."""
    brighter = pictures[:, :, 1:] > pictures[:, :, :-1]
    return np.where(brighter, np.float32(1), np.float32(-1)).reshape(len(pictures), -1)


def _centred(pictures: NDArray[np.float64]) -> NDArray[np.float64]:
    """Pixels with mean 0 and length 1, (N, 272): their scalar products are correlations, 0 with a plain picture."""
    flat = pictures.reshape(len(pictures), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    length = np.linalg.norm(flat, axis=1, keepdims=True)
    centred: NDArray[np.float64] = flat / np.where(length > 0, length, 1)
    return centred
