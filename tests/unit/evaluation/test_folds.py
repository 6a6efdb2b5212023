import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.evaluation.folds import fold_of_each


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


def test_the_seed_decides_and_matters():
    assert fold_of_each(30, 3, 1).tolist() == fold_of_each(30, 3, 1).tolist()
    assert fold_of_each(30, 3, 1).tolist() != fold_of_each(30, 3, 2).tolist()
