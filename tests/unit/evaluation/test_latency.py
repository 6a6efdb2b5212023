import numpy as np
import pytest

from src.core.errors import DataError
from src.documents.latency import Percentiles
from src.evaluation.latency import summarise


def test_percentiles_are_of_each_phase_and_of_the_sum():
    durations_ms = np.stack([np.full(100, 1.0), np.arange(1.0, 101.0), np.full(100, 2.0)], axis=1)

    latency = summarise(durations_ms)

    assert latency.preprocess_ms == Percentiles(1.0, 1.0, 1.0)
    assert latency.inference_ms.p50 == pytest.approx(50.5)
    assert latency.total_ms.p99 == pytest.approx(np.percentile(np.arange(4.0, 104.0), 99))
    assert latency.throughput_fps.estimate == pytest.approx(1000 / 53.5)
    assert latency.throughput_fps.low < latency.throughput_fps.estimate < latency.throughput_fps.high
    assert latency.p95_ms.low < latency.p95_ms.estimate < latency.p95_ms.high


def test_runs_that_take_equally_long_leave_no_doubt():
    latency = summarise(np.full((10, 3), 2.0))

    assert (latency.p95_ms.low, latency.p95_ms.estimate, latency.p95_ms.high) == (6.0, 6.0, 6.0)
    assert latency.total_ms == Percentiles(6.0, 6.0, 6.0)


@pytest.mark.parametrize("shape", [(0, 3), (5, 2), (3,)])
def test_timings_of_another_form_are_refused(shape):
    with pytest.raises(DataError, match="expected"):
        summarise(np.ones(shape))


def test_timings_that_resemble_each_other_leave_more_doubt():
    """The same timings in order and mixed: ten slow runs in a row are worth little more than one."""
    drawn = 50 + np.random.default_rng(0).normal(0, 5, (200, 3))
    in_order = summarise(np.sort(drawn, axis=0))
    mixed = summarise(np.random.default_rng(1).permutation(np.sort(drawn, axis=0)))

    assert in_order.p95_ms.estimate == pytest.approx(mixed.p95_ms.estimate)
    for name in ("p95_ms", "throughput_fps"):
        wide, narrow = getattr(in_order, name), getattr(mixed, name)
        assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_one_run_says_nothing_about_the_next():
    latency = summarise(np.full((1, 3), 2.0))

    assert (latency.p95_ms.estimate, latency.throughput_fps.estimate) == (6.0, pytest.approx(1000 / 6))
    assert np.isnan([latency.p95_ms.low, latency.throughput_fps.high]).all()
