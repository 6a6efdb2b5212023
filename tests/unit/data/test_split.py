import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError, DataError
from src.data.split import check_shares, counts_for, shuffled_split

shares_in_fractions = st.tuples(st.integers(5, 90), st.integers(5, 90), st.integers(5, 90)).map(
    lambda parts: {name: part / sum(parts) for name, part in zip(("train", "val", "test"), parts, strict=True)}
)


@given(shares_in_fractions, st.integers(60, 500))
def test_fractions_that_add_up_to_one_use_every_image(shares: dict[str, float], available: int) -> None:
    """Rounding neither loses an image nor invents one, and no split is off by more than one."""
    counts = counts_for(shares, available)

    assert sum(counts.values()) == available
    assert all(abs(counts[name] - share * available) < 1 for name, share in shares.items())


@given(st.integers(0, 100), st.integers(5, 60))
def test_splits_are_disjoint_and_repeatable(seed: int, available: int) -> None:
    """No item is in two splits, and the same seed gives the same splits."""
    parts = shuffled_split(range(available), {"train": 0.6, "val": 0.4}, seed)

    assert sorted(parts["train"] + parts["val"]) == list(range(available))
    assert parts == shuffled_split(range(available), {"train": 0.6, "val": 0.4}, seed)


def test_another_seed_gives_another_split() -> None:
    """The seed is used."""
    shares = {"train": 20, "val": 10}
    assert shuffled_split(range(30), shares, 1) != shuffled_split(range(30), shares, 2)


@pytest.mark.parametrize(
    ("shares", "reason"),
    [
        pytest.param({"train": 0.5, "val": 10}, "mixes fractions and numbers", id="mixture"),
        pytest.param({"train": 0.9, "val": 0.2}, "add up to 1.1", id="too much"),
        pytest.param({"train": 10}, "data.splits.val is missing", id="no val"),
        pytest.param({"train": 10, "valid": 5}, "Did you mean 'val'?", id="unknown split"),
        pytest.param({"train": 10, "val": 0}, "data.splits.val must be above 0", id="zero"),
        pytest.param({"train": 10, "val": float("nan")}, "must be above 0", id="NaN"),
        pytest.param({"train": 10.5, "val": 2}, "must be whole", id="half an image"),
    ],
)
def test_shares_that_cannot_work_are_refused(shares: dict[str, float], reason: str) -> None:
    """Nonsense is refused before any file is read."""
    with pytest.raises(ConfigError, match=reason.replace("?", r"\?")):
        check_shares(shares)


def test_more_images_than_exist_are_refused() -> None:
    """The message says how many are asked for and how many there are."""
    with pytest.raises(DataError, match=r"asks for 70 images .* only 61"):
        counts_for({"train": 50, "val": 20}, 61)


def test_an_empty_split_is_refused() -> None:
    """A fraction of few images that comes to none is no split."""
    with pytest.raises(DataError, match="split 'val' would be empty"):
        counts_for({"train": 0.9, "val": 0.05}, 4)
