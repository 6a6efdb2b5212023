"""Which pictures show one scene."""

from pathlib import Path

import numpy as np
import pytest

from src.core.errors import ConfigError
from src.monitoring.scenes import one_each, scene_of, sums


@pytest.mark.parametrize(
    ("group", "same"),
    [
        pytest.param("picture", 1, id="each picture"),
        pytest.param("folder", 4, id="a folder"),
        pytest.param("10min", 3, id="ten minutes of a folder"),
        pytest.param("0.5 min", 1, id="half a minute"),
        pytest.param("(walk\\d)", 2, id="a pattern's group"),
        pytest.param("walk", 6, id="a pattern's match"),
    ],
)
def test_pictures_of_one_scene_have_one_name(group, same):
    pictures = [("a/walk1_0.jpg", 0), ("a/walk1_1.jpg", 60), ("a/walk2_0.jpg", 599), ("a/walk2_1.jpg", 700)]
    pictures += [("b/walk3_0.jpg", 0), ("b/walk3_1.jpg", 1200)]
    named = scene_of(group)
    names = [named(Path(file), float(seconds)) for file, seconds in pictures]

    assert names.count(names[0]) == same


@pytest.mark.parametrize("group", ["(", "0min"])
def test_what_is_no_rule_is_refused(group):
    with pytest.raises(ConfigError, match=r"^group="):
        scene_of(group)


def test_a_path_that_a_pattern_does_not_match_is_named():
    with pytest.raises(ConfigError, match="does not match the path 'x/y"):
        scene_of(r"cam(\d)")(Path("x/y.jpg"), 0.0)


def test_the_middle_picture_stands_for_its_scene():
    assert one_each(["b", "a", "b", "b", "c"]).tolist() == [1, 2, 4]


def test_counts_are_those_of_scenes():
    counts = np.array([[1, 0, 2], [3, 1, 1], [5, 5, 5]])

    assert sums(counts, ["x", "y", "x"]).tolist() == [[6, 5, 7], [3, 1, 1]]
