import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.data.near_duplicates import COLUMNS, ROWS, near_duplicates, scenes


def pictures(count, seed=0):
    """Pictures of a few smooth waves, as different from each other as photographs are."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:ROWS, :COLUMNS] / ROWS
    waves = [
        sum(np.sin(2 * np.pi * (rng.uniform(-3, 3) * x + rng.uniform(-3, 3) * y + rng.uniform())) for _ in range(4))
        for _ in range(count)
    ]
    return 128 + 25 * np.array(waves)


def test_different_pictures_are_not_alike():
    assert near_duplicates({"train": pictures(50), "test": pictures(50, seed=1)}) == []


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda picture: picture, id="the same"),
        pytest.param(lambda picture: 0.7 * picture + 20, id="brighter, with less contrast"),
        pytest.param(lambda picture: picture + np.random.default_rng(2).normal(0, 1, picture.shape), id="noise"),
    ],
)
def test_a_changed_copy_is_found(change):
    train, test = pictures(20), pictures(10, seed=1)
    test[3] = change(train[7])
    assert near_duplicates({"train": train, "val": pictures(5, seed=3), "test": test}) == [("train", 7, "test", 3)]


def test_a_camera_that_does_not_move_is_told_once_for_each_picture():
    """Of many near duplicates the most alike one is named."""
    frame = pictures(1)[0]
    noise = np.random.default_rng(0).normal(0, 3, (30, ROWS, COLUMNS))
    train, test = frame + noise, frame + noise[[7, 21]]
    assert near_duplicates({"train": train, "test": test}) == [("train", 7, "test", 0), ("train", 21, "test", 1)]


def test_copies_within_a_split_are_nobodys_business():
    train = pictures(3)
    assert near_duplicates({"train": np.concatenate([train, train]), "test": pictures(2, seed=1)}) == []


def test_near_duplicates_one_after_the_other_show_one_scene():
    different = pictures(4)
    noise = np.random.default_rng(0).normal(0, 3, (2, ROWS, COLUMNS))
    shown = scenes(np.concatenate([different, different[1] + noise]))

    assert len(set(shown)) == 4
    assert shown[1] == shown[4] == shown[5]


def test_plain_pictures_are_not_taken_for_copies():
    """They have nothing by which they could be told apart; equal files are found by their content."""
    plain = np.full((2, ROWS, COLUMNS), 9.0)
    assert near_duplicates({"train": plain, "test": plain + 50}) == []


def test_more_pictures_than_one_block_keep_their_numbers():
    train = pictures(1030)
    assert near_duplicates({"train": train, "test": train[1025:1026]}) == [("train", 1025, "test", 0)]


@given(st.integers(0, 9), st.integers(0, 9))
def test_near_duplicates_are_found_in_both_orders(place, other_place):
    train, test = pictures(10), pictures(10, seed=1)
    test[other_place] = train[place]
    assert near_duplicates({"train": train, "test": test}) == [("train", place, "test", other_place)]
    assert near_duplicates({"test": test, "train": train}) == [("test", other_place, "train", place)]
