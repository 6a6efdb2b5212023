"""The chance that a holder is replaced by an equal is shared out between all its challengers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.mlflow.registry.challenges import ALPHA, confidence_of, count_of, text_of


def test_all_challenges_together_have_no_more_than_one():
    shares = [(1 - confidence_of(challenge)) / 2 for challenge in range(1, 10_000)]
    assert shares[0] == pytest.approx(ALPHA / 2)
    assert sum(shares) == pytest.approx(ALPHA, rel=1e-3)
    assert sum(shares) < ALPHA


@given(holder=st.integers(1, 10**6), count=st.integers(0, 10**6))
def test_a_count_is_read_as_it_was_written(holder, count):
    assert count_of(text_of(holder, count), holder) == count


@pytest.mark.parametrize("text", ["", "3", "4 2", "x y", "3 2 1"])
def test_what_is_no_count_of_this_holder_is_none(text):
    assert count_of(text, 3) == 0
