"""People: jointed figures in varied poses, builds and clothes."""

from dataclasses import dataclass
from math import cos, sin
from typing import Final

import numpy as np

from src.data.synthetic.canvas import Canvas, Colour, Point, random_colour, shade

SKIN: Final[tuple[Colour, ...]] = (
    (255, 224, 196),
    (241, 194, 160),
    (224, 172, 130),
    (190, 135, 95),
    (141, 90, 60),
    (90, 58, 40),
)
HAIR: Final[tuple[Colour, ...]] = ((30, 25, 20), (70, 45, 25), (120, 80, 40), (200, 170, 100), (150, 150, 150))


@dataclass(frozen=True)
class Pose:
    """Angles in radians from hanging straight down, positive to the right; `lean` is the torso's from upright.

    Pairs are (far side, near side).
    """

    lean: float
    thighs: tuple[float, float]
    shins: tuple[float, float]
    upper_arms: tuple[float, float]
    forearms: tuple[float, float]
    breadth: float  # 1: seen from the front, smaller: turned away


def random_pose(rng: np.random.Generator) -> Pose:
    """Standing, walking, running, reaching or sitting, facing either way."""
    kind = rng.choice(["stand", "walk", "run", "reach", "sit"], p=[0.3, 0.3, 0.15, 0.15, 0.1])
    way = float(rng.choice([-1.0, 1.0]))
    jitter = rng.normal(0, 0.08, 9)
    breadth = float(rng.uniform(0.55, 1.0))
    lean, thigh, shin_bend, arm, elbow = 0.0, (-0.06, 0.06), (0.0, 0.0), (-0.15, 0.15), (0.05, 0.1)
    if kind == "walk":
        swing = float(rng.uniform(0.2, 0.5))
        thigh, shin_bend, arm, elbow = (-swing, swing), (-0.25, -0.1), (swing, -swing), (0.3, 0.3)
    elif kind == "run":
        swing = float(rng.uniform(0.5, 0.9))
        lean, thigh, shin_bend = 0.2, (-swing, swing), (-1.0, -0.4)
        arm, elbow = (swing, -swing), (1.3, 1.3)
    elif kind == "reach":
        arm = (float(rng.uniform(-2.9, -0.3)), float(rng.uniform(0.3, 2.9)))
        elbow = (float(rng.uniform(-0.8, 0.8)), float(rng.uniform(-0.8, 0.8)))
        breadth = float(rng.uniform(0.8, 1.0))
    elif kind == "sit":
        thigh, shin_bend, arm, elbow = (1.3, 1.4), (-1.3, -1.4), (0.4, 0.5), (0.7, 0.6)
    far_thigh, near_thigh = thigh[0] + jitter[0], thigh[1] + jitter[1]
    far_arm, near_arm = arm[0] + jitter[2] * 2, arm[1] + jitter[3] * 2
    return Pose(
        lean=way * (lean + jitter[4]),
        thighs=(way * far_thigh, way * near_thigh),
        shins=(way * (far_thigh + shin_bend[0] + jitter[5]), way * (near_thigh + shin_bend[1] + jitter[6])),
        upper_arms=(way * far_arm, way * near_arm),
        forearms=(way * (far_arm + elbow[0] + jitter[7]), way * (near_arm + elbow[1] + jitter[8])),
        breadth=breadth,
    )


@dataclass(frozen=True)
class Clothes:
    """What a figure wears, and its own colours."""

    skin: Colour
    hair: Colour
    shirt: Colour
    trousers: Colour
    shoes: Colour
    long_sleeves: bool
    long_trousers: bool
    skirt: bool
    long_hair: bool
    hat: bool


def random_clothes(rng: np.random.Generator) -> Clothes:
    """Any combination."""
    return Clothes(
        skin=SKIN[int(rng.integers(len(SKIN)))],
        hair=HAIR[int(rng.integers(len(HAIR)))],
        shirt=random_colour(rng),
        trousers=random_colour(rng, 20, 170),
        shoes=random_colour(rng, 10, 120),
        long_sleeves=bool(rng.random() < 0.5),
        long_trousers=bool(rng.random() < 0.7),
        skirt=bool(rng.random() < 0.2),
        long_hair=bool(rng.random() < 0.3),
        hat=bool(rng.random() < 0.2),
    )


def draw_person(canvas: Canvas, rng: np.random.Generator, feet: Point, height: float) -> None:
    """Draw one figure that stands on `feet`; `height` is its upright height in pixels."""
    pose, clothes = random_pose(rng), random_clothes(rng)
    build = float(rng.uniform(0.85, 1.25))
    reach_down = max(0.24 * cos(thigh) + 0.25 * cos(shin) for thigh, shin in zip(pose.thighs, pose.shins, strict=True))
    figure = _Figure(canvas, pose, clothes, build=build, height=height, pelvis=(feet[0], feet[1] - reach_down * height))
    figure.draw()


class _Figure:
    """The parts of one figure; lengths below are fractions of its height."""

    def __init__(
        self, canvas: Canvas, pose: Pose, clothes: Clothes, *, build: float, height: float, pelvis: Point
    ) -> None:
        self.canvas, self.pose, self.clothes = canvas, pose, clothes
        self.build, self.height, self.pelvis = build, height, pelvis
        self.neck = (pelvis[0] + sin(pose.lean) * 0.31 * height, pelvis[1] - cos(pose.lean) * 0.31 * height)

    def draw(self) -> None:
        """Far limbs first, near limbs last."""
        self._arm(0)
        self._leg(0)
        self._leg(1)
        self._torso()
        self._head()
        self._arm(1)

    def _from(self, start: Point, angle: float, length: float) -> Point:
        return start[0] + sin(angle) * length * self.height, start[1] + cos(angle) * length * self.height

    def _thick(self, fraction: float) -> float:
        return fraction * self.build * self.height

    def _leg(self, side: int) -> None:
        tone = 0.8 if side == 0 else 1.0
        offset = (-0.045, 0.045)[side] * self.pose.breadth * self.height
        hip = (self.pelvis[0] + offset, self.pelvis[1])
        knee = self._from(hip, self.pose.thighs[side], 0.24)
        ankle = self._from(knee, self.pose.shins[side], 0.23)
        shin_colour = self.clothes.trousers if self.clothes.long_trousers else self.clothes.skin
        self.canvas.limb(knee, ankle, self._thick(0.068), self._thick(0.045), shade(shin_colour, tone))
        self.canvas.limb(hip, knee, self._thick(0.095), self._thick(0.07), shade(self.clothes.trousers, tone))
        toe = (ankle[0] + 0.045 * self.height * (1 if self.pose.thighs[1] >= 0 else -1), ankle[1] + 0.01 * self.height)
        self.canvas.limb(ankle, toe, self._thick(0.045), self._thick(0.035), shade(self.clothes.shoes, tone))

    def _arm(self, side: int) -> None:
        tone = 0.8 if side == 0 else 0.95
        offset = (-0.095, 0.095)[side] * self.pose.breadth * self.build * self.height
        shoulder = (self.neck[0] + offset, self.neck[1] + 0.035 * self.height)
        elbow = self._from(shoulder, self.pose.upper_arms[side], 0.165)
        hand = self._from(elbow, self.pose.forearms[side], 0.15)
        sleeve = self.clothes.shirt if self.clothes.long_sleeves else self.clothes.skin
        self.canvas.limb(elbow, hand, self._thick(0.045), self._thick(0.036), shade(sleeve, tone))
        self.canvas.limb(shoulder, elbow, self._thick(0.06), self._thick(0.048), shade(self.clothes.shirt, tone))
        self.canvas.disc(hand, self._thick(0.024), self._thick(0.024), shade(self.clothes.skin, tone))

    def _torso(self) -> None:
        shoulders, hips = 0.105 * self.pose.breadth, 0.08 * self.pose.breadth
        top = (self.neck[0], self.neck[1] + 0.03 * self.height)
        half_top, half_bottom = self._thick(shoulders), self._thick(hips)
        left_top, right_top = (top[0] - half_top, top[1]), (top[0] + half_top, top[1])
        left_hip = (self.pelvis[0] - half_bottom, self.pelvis[1] + 0.02 * self.height)
        right_hip = (self.pelvis[0] + half_bottom, self.pelvis[1] + 0.02 * self.height)
        if self.clothes.skirt:
            hem, drop = half_bottom * 1.7, self.pelvis[1] + 0.2 * self.height
            skirt = [left_hip, right_hip, (self.pelvis[0] + hem, drop), (self.pelvis[0] - hem, drop)]
            self.canvas.polygon(skirt, self.clothes.trousers)
        self.canvas.polygon([left_top, right_top, right_hip, left_hip], self.clothes.shirt)
        self.canvas.limb(left_top, right_top, self._thick(0.05), self._thick(0.05), self.clothes.shirt)
        self.canvas.polygon([top, right_top, right_hip, self.pelvis], shade(self.clothes.shirt, 0.85))

    def _head(self) -> None:
        lean = self.neck[0] - self.pelvis[0]
        centre = (self.neck[0] + lean * 0.25, self.neck[1] - 0.085 * self.height)
        wide, high = 0.054 * self.height, 0.07 * self.height
        if self.clothes.long_hair:
            self.canvas.disc((centre[0], centre[1] + 0.03 * self.height), wide * 1.3, high * 1.3, self.clothes.hair)
        self.canvas.limb(self.neck, centre, self._thick(0.05), self._thick(0.05), shade(self.clothes.skin, 0.85))
        self.canvas.disc((centre[0], centre[1] - 0.012 * self.height), wide * 1.08, high, self.clothes.hair)
        self.canvas.disc((centre[0], centre[1] + 0.014 * self.height), wide * 0.92, high * 0.8, self.clothes.skin)
        if self.clothes.hat:
            brim = centre[1] - 0.03 * self.height
            self.canvas.rectangle(centre[0] - wide, brim - high, centre[0] + wide, brim, self.clothes.shoes)
            self.canvas.rectangle(
                centre[0] - wide * 1.5, brim - high * 0.2, centre[0] + wide * 1.5, brim, self.clothes.shoes
            )
