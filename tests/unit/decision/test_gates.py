import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from src.core.interval import Interval
from src.decision.gates import judge, samples_needed
from src.documents.gates import Comparison, Gate, Judgement, Measurement, round_up

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


def test_the_number_of_images_follows_the_square_root_law():
    """The lower end is twice as far away as the limit: half the width takes four times the images."""
    assert samples_needed(Interval(0.75, 0.5, 0.875), 0.625, 100) == 400


def test_the_number_of_images_is_said():
    judged = judge(gate(Comparison.MORE_THAN, 0.625), Measurement(Interval(0.75, 0.5, 0.875), samples=1011))
    assert judged.samples_needed == 4044
    assert "about 4,100 images in place of 1,011" in judged.reason


@pytest.mark.parametrize("estimate", [0.65, 0.6501])
def test_an_estimate_on_the_limit_cannot_be_decided_by_any_number(estimate):
    judged = judge(gate(Comparison.MORE_THAN, 0.65), Measurement(Interval(estimate, 0.6, 0.7), samples=100))
    assert judged.samples_needed is None
    assert "cannot be said" in judged.reason


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


@given(intervals(), unit, comparisons, st.integers(1, 100_000))
def test_the_wanted_number_of_images_is_larger_and_decides_the_gate(value, limit, comparison, samples):
    assume(abs(value.estimate - limit) > 1e-3)
    judged = judge(gate(comparison, limit), Measurement(value, samples=samples))
    assume(judged.samples_needed is not None)
    assert judged.samples_needed >= samples
    shrink = math.sqrt(samples / (judged.samples_needed * 1.01 + 1))
    then = Interval(
        value.estimate,
        value.estimate - shrink * (value.estimate - value.low),
        value.estimate + shrink * (value.high - value.estimate),
    )
    assert judge(gate(comparison, limit), Measurement(then, samples=samples)).judgement != Judgement.UNDECIDED


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
