import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.study.comparability import RunFacts, obstacles

PEOPLE = np.ones((10, 1), np.int64)
METRICS = {"val/mAP50": 0.5}


def run(name="a", digest="ab" * 32, objective="val/mAP50", metrics=METRICS, positives=PEOPLE):
    return RunFacts(name, digest, objective, metrics, positives)


def test_runs_of_one_kind_are_comparable():
    assert obstacles(run(), run("b")) == ()


def test_a_digest_that_the_store_cut_short_is_the_same_one():
    assert obstacles(run(), run("b", digest=("ab" * 32)[:36])) == ()


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        pytest.param(run("b", digest="cd" * 32), "other data", id="data"),
        pytest.param(run("b", objective="val/F1"), "other objective", id="objective"),
        pytest.param(run("b", metrics={"val/F1": 0.5}), "no common metric", id="metric"),
        pytest.param(run("b", metrics={"train/box_loss": 1.0}), "b has none", id="no metric of quality"),
        pytest.param(run("b", positives=PEOPLE[:9]), "other ground truth", id="fewer images"),
        pytest.param(run("b", positives=2 * PEOPLE), "other ground truth", id="other labels"),
        pytest.param(run("b", digest="", positives=None), "not known on what data b", id="nothing known"),
    ],
)
def test_what_makes_a_difference_mean_nothing(other, reason):
    (found,) = obstacles(run(), other)
    assert reason in found


def test_unknown_data_with_the_same_ground_truth_is_taken_for_the_same():
    assert obstacles(run(), run("b", digest="")) == ()


facts = st.builds(
    run,
    digest=st.sampled_from(["", "ab" * 32, "cd" * 32]),
    objective=st.sampled_from(["", "val/mAP50", "val/F1"]),
    metrics=st.sampled_from([METRICS, {"val/F1": 0.1}, {}]),
    positives=st.sampled_from([None, PEOPLE, PEOPLE[:5]]),
)


@given(a=facts, b=facts)
def test_whose_turn_it_is_does_not_matter(a, b):
    assert len(obstacles(a, b)) == len(obstacles(b, a))
