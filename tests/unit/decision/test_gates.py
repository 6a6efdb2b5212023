import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from src.core.interval import Interval
from src.decision.gates import judge, samples_needed, widened
from src.documents.gates import Comparison, Gate, Judgement, Measurement, SamplesNeeded, round_up

unit = st.floats(0, 1, allow_subnormal=False)
comparisons = st.sampled_from(list(Comparison))


@st.composite
def intervals(draw):
    low, estimate, high = sorted(draw(st.tuples(unit, unit, unit)))
    return Interval(estimate, low, high)


def gate(comparison, limit):
    return Gate("mine", "test/recall", comparison, limit)


@pytest.mark.parametrize(
    ("comparison", "limit", "expected"),
    [
        pytest.param(Comparison.MORE_THAN, 0.5, Judgement.PASSED, id="all of it above"),
        pytest.param(Comparison.MORE_THAN, 0.9, Judgement.FAILED, id="all of it below"),
        pytest.param(Comparison.MORE_THAN, 0.65, Judgement.UNDECIDED, id="the estimate above, the low end below"),
        pytest.param(Comparison.MORE_THAN, 0.75, Judgement.UNDECIDED, id="the estimate below, the high end above"),
        pytest.param(Comparison.MORE_THAN, 0.6, Judgement.UNDECIDED, id="the low end equals a limit to exceed"),
        pytest.param(Comparison.AT_LEAST, 0.6, Judgement.PASSED, id="the low end equals a limit to reach"),
        pytest.param(Comparison.MORE_THAN, 0.8, Judgement.FAILED, id="the high end equals a limit to exceed"),
        pytest.param(Comparison.AT_LEAST, 0.8, Judgement.UNDECIDED, id="the high end equals a limit to reach"),
        pytest.param(Comparison.LESS_THAN, 0.9, Judgement.PASSED, id="all of it below an upper limit"),
        pytest.param(Comparison.LESS_THAN, 0.8, Judgement.UNDECIDED, id="the high end equals an upper limit"),
        pytest.param(Comparison.AT_MOST, 0.8, Judgement.PASSED, id="the high end equals an upper limit to keep"),
        pytest.param(Comparison.AT_MOST, 0.5, Judgement.FAILED, id="all of it above an upper limit"),
    ],
)
def test_a_gate_is_judged_on_the_whole_interval(comparison, limit, expected):
    assert judge(gate(comparison, limit), Measurement(Interval(0.7, 0.6, 0.8), samples=100)).judgement == expected


@pytest.mark.parametrize(("epochs", "expected"), [(50, Judgement.PASSED), (49, Judgement.FAILED)])
def test_a_counted_value_is_never_undecided(epochs, expected):
    judged = judge(Gate("epochs", "epochs", Comparison.AT_LEAST, 50), Measurement.counted(epochs))
    assert judged.judgement == expected
    assert "interval" not in judged.reason


@pytest.mark.parametrize(
    "measurement",
    [
        pytest.param(Measurement.unknown("nobody measured it."), id="missing"),
        pytest.param(Measurement(Interval(0.9, math.nan, math.nan), samples=3), id="no interval"),
        pytest.param(Measurement(Interval(math.nan, math.nan, math.nan), samples=3), id="not a number"),
    ],
)
def test_what_is_not_known_is_undecided_with_the_reason(measurement):
    judged = judge(gate(Comparison.MORE_THAN, 0.5), measurement)
    assert judged.judgement == Judgement.UNDECIDED
    assert judged.samples_needed is None
    assert measurement.remark in judged.reason


def test_the_number_of_images_is_a_range_and_said():
    judged = judge(gate(Comparison.MORE_THAN, 0.625), Measurement(Interval(0.75, 0.5, 0.875), samples=1011))
    assert judged.samples_needed == SamplesNeeded(3320, 23495)
    assert "about 3,400 to 24,000 images in place of 1,011" in judged.reason


@pytest.mark.parametrize("estimate", [0.65, 0.6501])
def test_an_estimate_on_the_limit_takes_many_images(estimate):
    """The truth is somewhere about: in half of the cases further away than a third of the interval."""
    needed = samples_needed(Interval(estimate, 0.6, 0.7), 0.65, 100)
    assert needed.even == pytest.approx(750, rel=0.02)
    assert needed.likely == pytest.approx(5900, rel=0.02)


@pytest.mark.parametrize(("margin", "chance"), [(0.0, "even"), (0.4, "even"), (0.8, "likely"), (0.2, "likely")])
def test_so_many_images_decide_in_so_many_of_the_cases(margin, chance):
    """By simulation: the truth about the estimate, the estimate of the new images about the truth."""
    rng = np.random.default_rng(0)
    needed = getattr(samples_needed(Interval(margin, margin - 1.96, margin + 1.96), 0.0, 100), chance)
    error = math.sqrt(100 / needed)
    found = rng.normal(margin, 1, 100_000) + rng.normal(0, error, 100_000)
    decided = (np.abs(found) > 1.96 * error).mean()
    assert decided == pytest.approx({"even": 0.5, "likely": 0.8}[chance], abs=0.01)


def test_of_many_gates_one_may_miss_its_limit_by_chance():
    measurement = Measurement(Interval(0.7, 0.6, 0.8), samples=100)
    for among, expected in ((1, Judgement.FAILED), (2, Judgement.FAILED), (8, Judgement.UNDECIDED)):
        assert judge(gate(Comparison.MORE_THAN, 0.81), measurement, among).judgement == expected
    said = judge(gate(Comparison.MORE_THAN, 0.81), measurement, 8).reason
    assert said.startswith("The interval misses the limit, as that of one of 8 gates may by chance: more data")
    assert judge(gate(Comparison.MORE_THAN, 0.9), measurement, 8).judgement == Judgement.FAILED


def test_a_counted_value_is_failed_among_however_many():
    epochs = Measurement.counted(49)
    assert judge(Gate("epochs", "epochs", Comparison.AT_LEAST, 50), epochs, 9).judgement == Judgement.FAILED


@given(intervals(), st.floats(0, 20), st.integers(2, 500))
def test_an_interval_that_misses_more_rarely_is_wider(value, times_rarer, samples):
    wider = widened(value, times_rarer, samples)
    assert wider.low <= value.low + 1e-9
    assert wider.high >= value.high - 1e-9
    if times_rarer <= 1:
        assert (wider.low, wider.high) == pytest.approx((value.low, value.high))


@given(intervals(), unit, comparisons)
def test_a_passed_gate_fulfils_its_limit_everywhere_and_a_failed_one_nowhere(value, limit, comparison):
    judgement = judge(gate(comparison, limit), Measurement(value, samples=10)).judgement
    points = [comparison.holds(point, limit) for point in (value.low, value.estimate, value.high)]
    if judgement == Judgement.PASSED:
        assert all(points)
    elif judgement == Judgement.FAILED:
        assert not any(points)
    else:
        assert points[0] != points[-1]


_ORDER = {Judgement.FAILED: 0, Judgement.UNDECIDED: 1, Judgement.PASSED: 2}


@given(intervals(), unit, unit, comparisons)
def test_a_stricter_limit_never_makes_a_judgement_better(value, limit, other, comparison):
    is_lower_limit = comparison in (Comparison.MORE_THAN, Comparison.AT_LEAST)
    lenient, strict = sorted((limit, other), reverse=not is_lower_limit)
    measurement = Measurement(value, samples=10)
    before = _ORDER[judge(gate(comparison, lenient), measurement).judgement]
    assert _ORDER[judge(gate(comparison, strict), measurement).judgement] <= before


@given(intervals(), unit, comparisons, unit)
def test_more_certainty_never_takes_a_decision_back(value, limit, comparison, share):
    """An interval within another one keeps what that one had decided."""
    narrower = Interval(
        value.estimate,
        max(value.low, value.estimate - share * (value.estimate - value.low)),  # max and min against rounding
        min(value.high, value.estimate + share * (value.high - value.estimate)),
    )
    before = judge(gate(comparison, limit), Measurement(value, samples=10)).judgement
    if before != Judgement.UNDECIDED:
        assert judge(gate(comparison, limit), Measurement(narrower, samples=20)).judgement == before


@given(intervals(), unit, st.integers(1, 100_000))
def test_the_wanted_number_of_images_is_larger_and_a_surer_decision_takes_more(value, limit, samples):
    assume(value.low < limit < value.high)
    needed = samples_needed(value, limit, samples)
    assert samples <= needed.even <= needed.likely


@pytest.mark.parametrize(("count", "said"), [(7, 7), (99, 99), (101, 110), (4044, 4100), (12_000, 12_000)])
def test_estimated_counts_are_rounded_up_to_two_digits(count, said):
    assert round_up(count) == said


@pytest.mark.parametrize(
    ("measurement", "text"),
    [
        (Measurement(Interval(0.7, 0.6, 0.8), samples=9), "0.700 [0.600, 0.800]"),
        (Measurement(Interval(24.04, 20, 30), samples=9), "24.0 [20.0, 30.0]"),
        (Measurement(Interval(0.7, math.nan, math.nan), samples=9), "0.700 [–]"),
        (Measurement.counted(3_011_043), "3,011,043"),
        (Measurement.counted(6.191274), "6.191"),
        (Measurement.unknown("why"), "–"),
    ],
)
def test_a_measurement_is_written_with_its_interval(measurement, text):
    assert str(measurement) == text
