import hashlib

import numpy as np
import pytest

from src.data.synthetic.canvas import Canvas
from src.data.synthetic.scene import draw_scene


def _digest(seed: int, index: int) -> str:
    return hashlib.sha256(draw_scene(seed, index, 96).picture.tobytes()).hexdigest()


def test_a_picture_is_the_same_every_time_and_unlike_any_other() -> None:
    """Seed and number decide a picture, bit by bit."""
    digests = [_digest(seed, index) for seed in (0, 1) for index in (0, 1)]

    assert digests == [_digest(seed, index) for seed in (0, 1) for index in (0, 1)]
    assert len(set(digests)) == 4


def test_boxes_lie_within_the_picture_and_have_area() -> None:
    """Every box can be a label."""
    for index in range(30):
        boxes = draw_scene(0, index, 96).boxes_xyxy
        assert boxes.shape[1] == 4
        assert (boxes >= 0).all()
        assert (boxes <= 96).all()
        assert (boxes[:, 2:] - boxes[:, :2] >= 4).all()


def test_sizes_and_numbers_of_people_vary() -> None:
    """There are pictures without people, with one and with several; boxes from small to large."""
    scenes = [draw_scene(0, index, 96).boxes_xyxy for index in range(60)]
    heights = np.concatenate(scenes)[:, 3] - np.concatenate(scenes)[:, 1]

    assert {0, 1, 2} <= {len(boxes) for boxes in scenes}
    assert heights.min() < 40
    assert heights.max() > 80


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(64)


def test_a_box_is_the_visible_extent(canvas: Canvas) -> None:
    """What hangs out of the picture, or is hidden by something nearer, is not part of it."""
    canvas.owner = 1
    canvas.rectangle(-10, 10, 20, 30, (255, 0, 0))
    canvas.owner = 0
    canvas.rectangle(0, 5, 30, 20, (0, 0, 255))

    area, (left, top, right, bottom) = canvas.visible_part(1)

    assert (left, right) == pytest.approx((0, 20), abs=0.6)
    assert (top, bottom) == pytest.approx((20, 30), abs=0.6)
    assert area == pytest.approx(200, rel=0.1)


def test_what_is_hidden_has_no_visible_part(canvas: Canvas) -> None:
    """Nothing to label."""
    canvas.owner = 1
    canvas.rectangle(10, 10, 20, 20, (255, 0, 0))
    canvas.owner = 2
    canvas.rectangle(5, 5, 30, 30, (0, 255, 0))

    assert canvas.visible_part(1) is None
    assert canvas.area_of(2) == pytest.approx(625, rel=0.1)
