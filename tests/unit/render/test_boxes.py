import numpy as np
import pytest

from src.render.boxes import HIT, MISSED, WRONG, draw_boxes

NONE = np.empty((0, 4))
NO_SCORES = np.empty(0)


def draw(image, missed=NONE, hit=NONE, wrong=NONE):
    hit, wrong = np.asarray(hit, float), np.asarray(wrong, float)
    return draw_boxes(
        image,
        missed_xyxy=np.asarray(missed, float),
        hit_xyxy=hit,
        hit_scores=np.full(len(hit), 0.5),
        wrong_xyxy=wrong,
        wrong_scores=np.full(len(wrong), 0.25),
    )


def has(picture, colour):
    rgb = [int(colour[start : start + 2], 16) for start in (1, 3, 5)]
    return bool((picture == rgb).all(axis=2).any())


@pytest.mark.parametrize(
    ("kind", "colour"),
    [pytest.param("missed", MISSED), pytest.param("hit", HIT), pytest.param("wrong", WRONG)],
)
def test_each_kind_of_box_has_its_colour(kind, colour):
    picture = draw(np.zeros((100, 80, 3), np.uint8), **{kind: [[10, 20, 40, 60]]})
    assert [has(picture, other) for other in (MISSED, HIT, WRONG)] == [
        other == colour for other in (MISSED, HIT, WRONG)
    ]


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        pytest.param((320, 200), (640, 400), id="a small image is doubled"),
        pytest.param((700, 900), (700, 900), id="a large one stays"),
    ],
)
def test_small_images_are_enlarged_by_a_whole_factor(shape, expected):
    assert draw(np.zeros((*shape, 3), np.uint8)).shape == (*expected, 3)


def test_boxes_beyond_the_border_and_without_area_are_drawn_as_far_as_they_can_be():
    picture = draw(np.zeros((50, 50, 3), np.uint8), hit=[[-10, -10, 60, 60]], wrong=[[20, 20, 20, 20]])
    assert has(picture, HIT) or has(picture, WRONG)


def test_the_image_itself_is_left_alone():
    image = np.zeros((700, 700, 3), np.uint8)
    draw(image, hit=[[10, 10, 200, 200]])
    assert not image.any()
