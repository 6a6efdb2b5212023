"""The history of an alias: what was promoted can be taken back, step by step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.mlflow.registry import history

VERSIONS = st.lists(st.integers(1, 30), max_size=12)


@given(VERSIONS)
def test_a_history_survives_its_tag(versions):
    assert history.parse(history.text_of(versions)) == tuple(versions)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=12, unique=True))
def test_rollbacks_walk_back_through_all_promotions(versions):
    known, incumbent = (), None
    for version in versions:
        known, incumbent = history.promoted(known, incumbent, version), version

    for before in reversed(versions[:-1]):
        known = history.taken_back(known, incumbent, versions)
        incumbent = known[-1]
        assert incumbent == before
    assert history.taken_back(known, incumbent, versions) == ()


@given(VERSIONS, st.none() | st.integers(1, 30), st.integers(1, 30))
def test_a_promotion_can_be_taken_back_to_whoever_had_the_alias(known, incumbent, version):
    """Whatever the tag says, and whoever had moved the alias by hand."""
    after = history.promoted(known, incumbent, version)

    assert after[-1] == version
    if incumbent not in (None, version):
        assert history.taken_back(after, version, range(31))[-1] == incumbent


@given(VERSIONS, st.none() | st.integers(1, 30), st.sets(st.integers(1, 30)))
def test_only_another_version_that_exists_gets_it_back(known, incumbent, existing):
    remaining = history.taken_back(known, incumbent, existing)

    assert all(version in existing and version != incumbent for version in remaining[-1:])
    assert remaining == tuple(known[: len(remaining)])


@pytest.mark.parametrize(
    ("known", "incumbent", "existing", "expected"),
    [
        pytest.param((1, 2, 3), 3, {1, 2, 3}, (1, 2), id="the incumbent before"),
        pytest.param((1, 2, 3), 3, {1, 3}, (1,), id="one that was deleted is passed over"),
        pytest.param((1, 2), 7, {1, 2, 7}, (1, 2), id="moved by hand to a version that was never promoted"),
        pytest.param((1, 2, 3), 2, {1, 2, 3}, (1,), id="moved back by hand"),
        pytest.param((1, 2), None, {1, 2}, (1, 2), id="deleted by hand"),
        pytest.param((1,), 1, {1}, (), id="nothing before"),
        pytest.param((1, 2, 1), 1, {1, 2}, (1, 2), id="a version that had it twice"),
    ],
)
def test_taking_back(known, incumbent, existing, expected):
    assert history.taken_back(known, incumbent, existing) == expected


def test_what_is_no_version_in_a_tag_is_left_out():
    assert history.parse("1 two 3 -4 ") == (1, 3)
