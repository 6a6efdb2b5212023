from dataclasses import replace

import pytest

from src.core.interval import Interval
from src.decision.metrics import METRICS, measure
from src.documents.evidence import Evidence
from src.documents.latency import Backend
from src.documents.splits import BySplit
from tests.support import documents
from tests.support.documents import UNDEFINED, about


@pytest.fixture
def evidence():
    return documents.evidence()


def with_tuned(evidence, **changed) -> Evidence:
    """Other metrics on test at the tuned threshold."""
    test = evidence.threshold.test
    tuned = replace(test.tuned, **changed)
    return replace(evidence, threshold=replace(evidence.threshold, test=replace(test, tuned=tuned)))


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_found_in_what_the_stages_write(evidence, metric):
    found = measure(metric, evidence)
    assert found.value is not None
    assert found.exact or found.samples


@pytest.mark.parametrize("metric", [name for name in METRICS if not name.startswith(("epochs", "train/", "model/"))])
def test_every_metric_that_is_missing_says_why(metric):
    """Counts of a training and of a model are never missing."""
    found = measure(metric, replace(documents.without_test(), backend=Backend.ONNX))
    assert found.value is None
    assert found.remark


def test_precision_is_that_at_the_tuned_threshold(evidence):
    assert measure("test/precision", evidence).value == Interval(0.82, 0.82 - 0.03, 0.82 + 0.03)
    assert measure("test/precision", evidence).samples == 500


def test_the_worst_corruption_has_the_lowest_of_all_ends(evidence):
    """`fog` has the higher estimate and yet the lower lower end. The lowest upper end of two is made wider for that."""
    worst = measure("robustness/recall", evidence)
    assert worst.value == Interval(0.66, 0.61, pytest.approx(0.70577, abs=1e-4))
    assert "night" in worst.remark


def test_a_corruption_without_a_value_leaves_the_worst_one_open(evidence):
    rain = replace(documents.point(0.8, 0.7, 0.7), recall=UNDEFINED)
    threshold = replace(evidence.threshold, robustness={**evidence.threshold.robustness, "rain": rain})
    found = measure("robustness/recall", replace(evidence, threshold=threshold))
    assert found.value is None
    assert "rain" in found.remark


def test_latency_is_that_of_the_chosen_backend(evidence):
    evidence = replace(evidence, backend=Backend.ONNX)
    assert measure("latency/throughput_fps", evidence).value.estimate == 61.0
    assert measure("latency/p95_ms", evidence).remark == "onnx on cpu (2 threads)"


def test_a_throughput_is_judged_on_its_interval(evidence):
    runtime = documents.runtime(about(24.0), Interval(48, 44, 52))
    evidence = replace(evidence, latency=replace(evidence.latency, pytorch=runtime))
    assert measure("latency/throughput_fps", evidence).value == Interval(48, 44, 52)
    assert not measure("latency/throughput_fps", evidence).exact


def test_an_infeasible_criterion_leaves_no_operating_point(evidence):
    found = measure("test/recall", replace(evidence, threshold=documents.infeasible()))
    assert "no threshold fulfils the criterion" in found.remark


def test_an_interval_without_ends_has_no_certainty(evidence):
    nan = float("nan")
    value = measure("test/recall", with_tuned(evidence, recall=Interval(0.7, nan, nan))).value
    assert value.estimate == 0.7
    assert value.low != value.low


def test_a_precision_of_nothing_is_undefined_and_not_missing(evidence):
    assert "nothing is detected" in measure("test/precision", with_tuned(evidence, precision=UNDEFINED)).remark


@pytest.mark.parametrize(
    ("device", "backend", "said"),
    [
        pytest.param("cpu (2 threads)", Backend.PYTORCH, "cpu (2 threads)", id="CPU"),
        pytest.param("cpu (4 threads)", Backend.ONNX, "cpu (4 threads)", id="ONNX on the same CPU"),
        pytest.param("NVIDIA H100", Backend.PYTORCH, "NVIDIA H100", id="GPU"),
        pytest.param("NVIDIA H100", Backend.ONNX, "the CPU", id="ONNX beside a GPU"),
    ],
)
def test_latency_says_what_it_was_taken_on(device, backend, said):
    assert replace(documents.latency(), device=device).machine(backend) == said


def test_robustness_on_the_pictures_that_the_threshold_was_chosen_on_is_not_judged(evidence):
    """Without a test split the corrupted pictures are those of val."""
    evaluation = replace(evidence.evaluation, splits=BySplit(val=evidence.evaluation.splits.val))
    for metric in ("robustness/recall", "robustness/precision", "robustness/mAP50"):
        assert measure(metric, replace(evidence, evaluation=evaluation)).value is None
