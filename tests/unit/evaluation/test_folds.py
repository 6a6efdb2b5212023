import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.documents.evaluation import Fold, OverFolds
from src.evaluation.folds import fold_of_each, summarise


@given(st.integers(2, 40), st.integers(2, 12), st.integers(0, 99))
def test_every_image_is_held_out_once_and_folds_are_of_one_size(count, folds, seed):
    if count < folds:
        with pytest.raises(ConfigError, match=f"expected 2 to {count} folds"):
            fold_of_each(count, folds, seed)
        return
    fold = fold_of_each(count, folds, seed)
    sizes = np.bincount(fold, minlength=folds)
    assert len(fold) == count
    assert len(sizes) == folds
    assert sizes.max() - sizes.min() <= 1


@given(st.lists(st.integers(0, 9), min_size=2, max_size=40), st.integers(2, 5), st.integers(0, 99))
def test_groups_stay_whole_and_no_fold_is_empty(groups, folds, seed):
    """Frames of one video in two folds would be judged by a training that has seen their neighbours."""
    names = [f"video-{group}" for group in groups]
    if len(set(names)) < folds:
        with pytest.raises(ConfigError, match=f"makes {len(set(names))} groups|expected 2 to"):
            fold_of_each(len(names), folds, seed, names)
        return
    fold = fold_of_each(len(names), folds, seed, names)
    assert len({(name, int(own)) for name, own in zip(names, fold, strict=True)}) == len(set(names))
    sizes = np.bincount(fold, minlength=folds)
    assert sizes.min() > 0
    assert sizes.max() - sizes.min() <= max(map(names.count, names))


def test_the_seed_decides_and_matters():
    assert fold_of_each(30, 3, 1).tolist() == fold_of_each(30, 3, 1).tolist()
    assert fold_of_each(30, 3, 1).tolist() != fold_of_each(30, 3, 2).tolist()


def test_a_fold_without_boxes_does_not_count():
    """It has no metric; mean and deviation are those of the others."""
    folds = [Fold(4, 3, map50=0.2, map50_95=0.1), Fold(4, 3, map50=0.4, map50_95=0.2), Fold(4, 0, None, None)]
    found = summarise(folds)
    assert found.folds == tuple(folds)
    assert found.map50 == OverFolds(mean=pytest.approx(0.3), std=pytest.approx(0.02**0.5), n=2)
    assert summarise(folds[2:]).map50 == OverFolds(mean=None, std=None, n=0)
