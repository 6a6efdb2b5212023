"""The corruptions as the library makes them. Not among the fast tests, because the library imports torch."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from src.evaluation.corruptions import CORRUPTIONS, corrupt

pytestmark = pytest.mark.integration

BOXES = np.array([[10.0, 20.0, 40.0, 80.0], [50.0, 30.0, 90.0, 60.0]])
MOVING = {name for name, corruption in CORRUPTIONS.items() if corruption.moves_boxes}


def _photo(height: int, width: int) -> np.ndarray:
    """Something with structure at every scale."""
    y, x = np.mgrid[:height, :width]
    waves = [127 + 90 * np.sin(x / (3 + 2 * c)) * np.cos(y / (5 + c)) for c in range(3)]
    return np.stack(waves, axis=2).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
@pytest.mark.parametrize(
    ("height", "width"),
    [pytest.param(96, 96, id="96x96"), pytest.param(100, 140, id="100x140"), pytest.param(64, 32, id="64x32")],
)
def test_a_corruption_changes_an_image_of_any_size_but_not_its_shape(name, height, width):
    photo = _photo(height, width)
    original = photo.copy()
    boxes = BOXES * np.tile([width / 100, height / 100], 2)
    image, moved, kept = corrupt(photo, boxes, name, seed=3)
    assert image.shape == photo.shape
    assert image.dtype == np.uint8
    assert not np.array_equal(image, original)
    np.testing.assert_array_equal(photo, original)
    assert moved.shape == boxes.shape
    assert kept.shape == (2,)
    if name not in MOVING:
        np.testing.assert_array_equal(moved, boxes)
        assert kept.all()


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_seed_decides_everything(name):
    """The same seed gives the same pixels and boxes, whatever the global random state."""
    photo = _photo(96, 96)
    np.random.seed(1)
    first = corrupt(photo, BOXES, name, seed=7)
    np.random.seed(2)
    for one, other in zip(first, corrupt(photo, BOXES, name, seed=7), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", ["rain", "noise", "night", "rotation", "occlusion"])
def test_another_seed_gives_another_picture(name):
    photo = _photo(96, 96)
    pictures = [corrupt(photo, BOXES, name, seed)[0] for seed in range(8)]
    assert any(not np.array_equal(pictures[0], other) for other in pictures[1:])


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_without_objects_is_corrupted_as_well(name):
    image, moved, kept = corrupt(_photo(96, 96), np.zeros((0, 4)), name, seed=0)
    assert image.shape == (96, 96, 3)
    assert moved.shape == (0, 4)
    assert kept.shape == (0,)


@pytest.mark.parametrize("name", sorted(MOVING))
@pytest.mark.parametrize("seed", range(4))
def test_boxes_follow_what_is_in_them(name, seed):
    """A bright ellipse on black is enclosed by its moved box to a pixel or two."""
    photo = np.zeros((200, 240, 3), np.uint8)
    y, x = np.mgrid[:200, :240]
    box = np.array([[60.0, 50.0, 120.0, 170.0]])
    photo[((x + 0.5 - 90) / 30) ** 2 + ((y + 0.5 - 110) / 60) ** 2 <= 1] = 255
    image, moved, kept = corrupt(photo, box, name, seed)
    rows, columns = np.nonzero(image[:, :, 0] > 200)
    seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
    assert kept.all()
    np.testing.assert_allclose(moved[0], seen, atol=2)


def test_a_box_that_leaves_the_image_is_dropped_and_one_that_stays_is_cut_at_the_edge():
    """A quarter turn's part of an object in the corner goes; an object over the whole width loses its ends."""
    photo = _photo(200, 200)
    boxes = np.array([[0.0, 0.0, 12.0, 12.0], [0.0, 60.0, 200.0, 140.0]])
    _, moved, kept = corrupt(photo, boxes, "rotation", seed=0)
    assert kept.tolist() == [False, True]
    assert np.isnan(moved[0]).all()
    assert (moved[1] >= 0).all()
    assert (moved[1] <= 200).all()


def test_an_occlusion_covers_a_quarter_of_every_object():
    """Half by half of each box, inside it; nothing else changes."""
    photo = np.full((200, 200, 3), 250, np.uint8)
    boxes = np.array([[10.0, 10.0, 60.0, 110.0], [100.0, 100.0, 190.0, 190.0]])
    image, _, _ = corrupt(photo, boxes, "occlusion", seed=5)
    covered = image[:, :, 0] != 250
    shares = [covered[int(y1) : int(y2), int(x1) : int(x2)].mean() for x1, y1, x2, y2 in boxes]
    np.testing.assert_allclose(shares, 0.25, atol=0.02)
    assert covered.sum() == pytest.approx(0.25 * (50 * 100 + 90 * 90), rel=0.06)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_an_image_may_be_a_view_of_one_in_another_order_of_colours(name):
    """As detectors read them: blue, green, red."""
    photo = _photo(96, 96)
    swapped = np.ascontiguousarray(photo[..., ::-1])
    np.testing.assert_array_equal(
        corrupt(swapped[..., ::-1], BOXES, name, seed=1)[0], corrupt(photo, BOXES, name, seed=1)[0]
    )


def test_boxes_that_reach_beyond_the_image_are_accepted():
    """Labels may be off by a rounding error."""
    photo = _photo(96, 96)
    for name in CORRUPTIONS:
        _, moved, kept = corrupt(photo, np.array([[-0.01, 0.0, 96.01, 50.0]]), name, seed=0)
        assert kept.all()
        assert np.isfinite(moved).all()


GUARDED = """
import sys

def guard(event, arguments):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"):
        print("NETWORK", event, arguments, flush=True)
        raise OSError(f"{event} is forbidden")

sys.addaudithook(guard)
import numpy as np
from src.evaluation.corruptions import CORRUPTIONS, corrupt

for name in CORRUPTIONS:
    corrupt(np.zeros((64, 64, 3), np.uint8), np.array([[5.0, 5.0, 40.0, 40.0]]), name, 0)
print("done")
"""


def test_the_library_neither_calls_home_nor_writes_there(tmp_path):
    """In a process of its own, because the library's telemetry is off under pytest anyway."""
    ours = ("ALBUMENTATIONS", "PYTEST", "CI")
    plain = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    done = subprocess.run(
        [sys.executable, "-c", GUARDED],
        env=plain | {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "done\n", done.stdout + done.stderr
    assert done.stderr == ""
    assert list(tmp_path.rglob("*lbument*")) == []
