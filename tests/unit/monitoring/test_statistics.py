"""Statistics of pictures and of what is found on them."""

import numpy as np
import pytest

from src.monitoring.statistics import OF_PICTURES, of_outputs, of_picture, stored


def picture(seed=0, side=(120, 160)):
    """Smooth shapes with some colour."""
    rng = np.random.default_rng(seed)
    small = rng.integers(0, 256, (8, 8, 3)).astype(np.uint8)
    return np.repeat(np.repeat(small, side[0] // 8, axis=0), side[1] // 8, axis=1)


def named(image):
    return dict(zip(OF_PICTURES, of_picture(image), strict=True))


@pytest.mark.parametrize(
    ("changed", "statistic", "sign"),
    [
        pytest.param(lambda image: image // 2, "brightness", -1, id="darker"),
        pytest.param(lambda image: (image // 4 + 96).astype(np.uint8), "contrast", -1, id="flatter"),
        pytest.param(
            lambda image: image.mean(axis=2, keepdims=True).astype(np.uint8).repeat(3, axis=2),
            "saturation",
            -1,
            id="grey",
        ),
        pytest.param(
            lambda image: (
                (image.astype(float) + np.roll(image, 1, 1) + np.roll(image, 2, 1))
                .astype(float)
                .__truediv__(3)
                .astype(np.uint8)
            ),
            "log_sharpness",
            -1,
            id="blurred",
        ),
        pytest.param(
            lambda image: (
                (image.astype(float) * 0.8 + np.random.default_rng(1).normal(25, 12, image.shape))
                .clip(0, 255)
                .astype(np.uint8)
            ),
            "log_noise",
            1,
            id="noisy",
        ),
    ],
)
def test_a_change_moves_its_statistic(changed, statistic, sign):
    before, after = named(picture()), named(changed(picture()))

    assert sign * (after[statistic] - before[statistic]) > 0.02


def test_one_grey_has_a_value_for_everything():
    found = of_picture(np.full((40, 40, 3), 128, np.uint8))

    assert np.isfinite(found).all()
    assert found[:3] == pytest.approx((128 / 255, 0, 0))


def test_the_same_picture_from_a_finer_camera_is_the_same():
    coarse = named(picture(side=(320, 320)))
    fine = named(picture(side=(1280, 1280)))

    assert fine == pytest.approx(coarse, abs=1e-6)


def test_outputs_are_counted_by_picture_and_a_picture_without_boxes_has_no_score():
    found = of_outputs(
        np.array([0, 0, 2]),
        np.array([0.5, 0.9, 0.4]),
        np.array([[0, 0, 10, 10], [0, 0, 30, 30], [0, 0, 20, 5]], float),
        np.array([[100, 100], [100, 100], [100, 25]]),
    )

    assert found["boxes"].tolist() == [2, 0, 1]
    assert found["score"] == pytest.approx([0.7, np.nan, 0.4], nan_ok=True)
    assert found["size"] == pytest.approx([0.2, np.nan, 0.2], nan_ok=True)
    assert stored(found)["score"] == (0.7, None, 0.4)
