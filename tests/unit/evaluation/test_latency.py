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
