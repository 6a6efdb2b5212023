"""What stands behind and between the people: backgrounds, and things that are no people."""

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image

from src.data.synthetic.canvas import Canvas, Colour, Point, random_colour, shade

Pixels = npt.NDArray[np.uint8]
_RESOLUTION = 64  # backgrounds are drawn small and stretched: they are out of focus


def draw_background(canvas: Canvas, rng: np.random.Generator) -> float:
    """Draw a background; return the height (in pixels from the top) above which nothing stands."""
    kind = rng.choice(["plain", "street", "wall", "field", "texture"], p=[0.1, 0.35, 0.2, 0.2, 0.15])
    horizon = float(rng.uniform(0.3, 0.6)) * canvas.side
    if kind == "plain":
        canvas.background(_gradient(random_colour(rng, 60, 220), random_colour(rng, 60, 220)))
    elif kind == "street":
        canvas.background(_speckled(rng, _gradient(random_colour(rng, 120, 245), random_colour(rng, 150, 240)), 4))
        _buildings(canvas, rng, horizon)
        _ground(canvas, rng, horizon)
    elif kind == "wall":
        canvas.background(_bricks(rng))
        _ground(canvas, rng, horizon)
    elif kind == "field":
        canvas.background(_speckled(rng, _gradient((150, 190, 230), random_colour(rng, 140, 220)), 3))
        green = (int(rng.integers(50, 130)), int(rng.integers(90, 160)), int(rng.integers(30, 90)))
        canvas.rectangle(0, horizon, canvas.side, canvas.side, green)
        for _ in range(int(rng.integers(0, 5))):
            _tree(
                canvas, rng, (float(rng.uniform(0, canvas.side)), horizon), canvas.side * float(rng.uniform(0.1, 0.3))
            )
    else:
        canvas.background(_clouds(rng))
    return horizon


def draw_distractor(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    """Draw one thing of about `height` pixels that stands on `foot` and is no person."""
    _THINGS[int(rng.integers(len(_THINGS)))](canvas, rng, foot, height)


def _gradient(top: Colour, bottom: Colour) -> Pixels:
    mix = np.linspace(0, 1, _RESOLUTION)[:, None, None]
    column = np.asarray(top) * (1 - mix) + np.asarray(bottom) * mix
    return np.broadcast_to(column, (_RESOLUTION, _RESOLUTION, 3)).astype(np.uint8)


def _speckled(rng: np.random.Generator, pixels: Pixels, strength: float) -> Pixels:
    return np.clip(pixels + rng.normal(0, strength, pixels.shape), 0, 255).astype(np.uint8)


def _clouds(rng: np.random.Generator) -> Pixels:
    """Smooth noise of several sizes, coloured between two colours."""
    mix = np.zeros((_RESOLUTION, _RESOLUTION))
    for cells, weight in ((4, 0.5), (10, 0.3), (32, 0.2)):
        noise = Image.fromarray(rng.integers(0, 256, (cells, cells), dtype=np.uint8))
        mix += weight * np.asarray(noise.resize((_RESOLUTION, _RESOLUTION), Image.Resampling.BICUBIC)) / 255
    low, high = np.asarray(random_colour(rng)), np.asarray(random_colour(rng))
    pixels: Pixels = (low + (high - low) * mix[..., None]).clip(0, 255).astype(np.uint8)
    return pixels


def _bricks(rng: np.random.Generator) -> Pixels:
    """Rows of bricks or planks."""
    high, wide = int(rng.integers(3, 9)), int(rng.integers(6, 30))
    rows, columns = np.mgrid[0:_RESOLUTION, 0:_RESOLUTION]
    shifted = columns + (rows // high % 2) * (wide // 2)
    tones = rng.uniform(0.75, 1.1, (_RESOLUTION, 2 * _RESOLUTION))[rows // high, shifted // wide]
    joint = (rows % high == 0) | (shifted % wide == 0)
    tones = np.where(joint, 0.6, tones)
    pixels: Pixels = (np.asarray(random_colour(rng, 90, 210)) * tones[..., None]).clip(0, 255).astype(np.uint8)
    return pixels


def _buildings(canvas: Canvas, rng: np.random.Generator, horizon: float) -> None:
    left = -0.1 * canvas.side
    while left < canvas.side:
        width = canvas.side * float(rng.uniform(0.12, 0.35))
        top = horizon * float(rng.uniform(0.0, 0.7))
        colour = random_colour(rng, 70, 200)
        canvas.rectangle(left, top, left + width, horizon, colour)
        pane = canvas.side * float(rng.uniform(0.02, 0.05))
        light = shade(colour, float(rng.choice([0.5, 1.4])))
        for x in np.arange(left + pane, left + width - pane, 2.2 * pane):
            for y in np.arange(top + pane, horizon - pane, 2.5 * pane):
                canvas.rectangle(float(x), float(y), float(x) + pane, float(y) + 1.3 * pane, light)
        left += width


def _ground(canvas: Canvas, rng: np.random.Generator, horizon: float) -> None:
    colour = random_colour(rng, 60, 180)
    canvas.rectangle(0, horizon, canvas.side, canvas.side, colour)
    for _ in range(int(rng.integers(0, 4))):
        y = float(rng.uniform(horizon, canvas.side))
        canvas.rectangle(0, y, canvas.side, y + canvas.side * 0.02, shade(colour, float(rng.uniform(0.7, 1.3))))


def _tree(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    x, y = foot
    brown = (int(rng.integers(60, 110)), int(rng.integers(40, 70)), 30)
    canvas.rectangle(x - height * 0.04, y - height * 0.5, x + height * 0.04, y, brown)
    green = (int(rng.integers(20, 110)), int(rng.integers(80, 150)), int(rng.integers(20, 80)))
    for _ in range(6):
        at = (x + height * float(rng.normal(0, 0.12)), y - height * float(rng.uniform(0.45, 0.9)))
        radius = height * float(rng.uniform(0.1, 0.2))
        canvas.disc(at, radius, radius, shade(green, float(rng.uniform(0.8, 1.2))))


def _pole(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    x, y = foot
    canvas.rectangle(x - height * 0.02, y - height, x + height * 0.02, y, random_colour(rng, 40, 160))


def _sign(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    """A pole with a round or square head: from afar not unlike a thin person."""
    _pole(canvas, rng, foot, height * 0.9)
    centre, radius = (foot[0], foot[1] - height * 0.9), height * float(rng.uniform(0.08, 0.16))
    colour = random_colour(rng)
    if rng.random() < 0.5:
        canvas.disc(centre, radius, radius, colour)
        canvas.disc(centre, radius * 0.6, radius * 0.6, shade(colour, 1.6))
    else:
        canvas.rectangle(centre[0] - radius, centre[1] - radius, centre[0] + radius, centre[1] + radius, colour)


def _box(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    x, y = foot
    high, wide = height * float(rng.uniform(0.3, 0.8)), height * float(rng.uniform(0.2, 0.5))
    colour = random_colour(rng)
    canvas.rectangle(x - wide / 2, y - high, x + wide / 2, y, colour)
    canvas.rectangle(x, y - high, x + wide / 2, y, shade(colour, 0.8))
    canvas.rectangle(x - wide / 2, y - high, x + wide / 2, y - high * 0.9, shade(colour, 1.2))


def _car(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    x, y = foot
    long, colour = height * 1.1, random_colour(rng)
    canvas.rectangle(x - long / 2, y - height * 0.3, x + long / 2, y - height * 0.07, colour)
    roof = [(-0.3, 0.3), (-0.2, 0.5), (0.2, 0.5), (0.32, 0.3)]
    canvas.polygon([(x + long * across, y - height * up) for across, up in roof], shade(colour, 0.7))
    for wheel in (-0.3, 0.3):
        canvas.disc((x + long * wheel, y - height * 0.08), height * 0.09, height * 0.09, (25, 25, 25))


def _animal(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    x, y = foot
    size, colour = height * 0.6, random_colour(rng, 30, 180)
    way = float(rng.choice([-1.0, 1.0]))
    for leg in (-0.35, -0.2, 0.2, 0.35):
        canvas.limb((x + size * leg, y - size * 0.5), (x + size * leg, y), size * 0.09, size * 0.06, shade(colour, 0.8))
    canvas.disc((x, y - size * 0.55), size * 0.48, size * 0.2, colour)
    neck = (x + way * size * 0.4, y - size * 0.6)
    head = (x + way * size * 0.55, y - size * 0.9)
    canvas.limb(neck, head, size * 0.18, size * 0.14, colour)
    canvas.disc(head, size * 0.15, size * 0.1, colour)


def _bin(canvas: Canvas, rng: np.random.Generator, foot: Point, height: float) -> None:
    """A barrel with a domed lid, about as slim as a person seated."""
    x, y = foot
    high, half, colour = height * 0.5, height * 0.13, random_colour(rng, 40, 200)
    canvas.polygon([(x - half, y - high), (x + half, y - high), (x + half * 0.8, y), (x - half * 0.8, y)], colour)
    canvas.disc((x, y - high), half * 1.05, half * 0.4, shade(colour, 0.7))


_Thing = Callable[[Canvas, np.random.Generator, Point, float], None]
_THINGS: Final[tuple[_Thing, ...]] = (_tree, _pole, _sign, _box, _car, _animal, _bin)
