import pytest

from src.core.interval import Interval
from src.decision.figures import METRICS, Evidence, figure, machine
from tests.unit.decision import facts


@pytest.fixture
def evidence():
    return Evidence(facts.training(), facts.evaluation(), facts.threshold(), facts.latency())


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_is_found_in_what_the_stages_write(evidence, metric):
    found = figure(metric, evidence)
    assert found.value is not None
    assert found.exact or found.samples


@pytest.mark.parametrize("metric", METRICS)
def test_every_metric_that_is_missing_says_why(metric):
    found = figure(metric, Evidence({}, {}, {}))
    assert found.value is None
    assert found.remark


def test_precision_is_that_at_the_tuned_threshold(evidence):
    assert figure("test/precision", evidence).value == Interval(0.82, 0.82 - 0.03, 0.82 + 0.03)
    assert figure("test/precision", evidence).samples == 500


def test_the_worst_corruption_has_the_lowest_of_all_ends(evidence):
    """`fog` has the higher estimate and yet the lower lower end."""
    worst = figure("robustness/recall", evidence)
    assert worst.value == Interval(0.66, 0.61, 0.70)
    assert "night" in worst.remark


def test_a_corruption_without_a_figure_leaves_the_worst_one_open(evidence):
    evidence.threshold["robustness"]["rain"] = {"recall": None, "precision": None}
    assert figure("robustness/recall", evidence).value is None
    assert "rain" in figure("robustness/recall", evidence).remark


def test_latency_is_that_of_the_chosen_backend():
    evidence = Evidence(facts.training(), facts.evaluation(), facts.threshold(), facts.latency(), backend="onnx")
    assert figure("latency/throughput_fps", evidence).value.estimate == 61.0
    assert figure("latency/p95_ms", evidence).remark == "onnx on cpu (Some CPU), 2 threads"


def test_a_throughput_with_an_interval_is_judged_on_it(evidence):
    evidence.latency["pytorch"]["throughput_interval"] = facts.interval(48, 44, 52)
    assert figure("latency/throughput_fps", evidence).value == Interval(48, 44, 52)
    assert not figure("latency/throughput_fps", evidence).exact


def test_an_infeasible_criterion_leaves_no_operating_point(evidence):
    infeasible = {**evidence.threshold, "feasible": False, "test": None}
    found = figure("test/recall", Evidence({}, {}, infeasible))
    assert "no threshold fulfils the criterion" in found.remark


def test_an_interval_without_ends_has_no_certainty(evidence):
    evidence.threshold["test"]["tuned"]["recall"] = facts.interval(0.7, None, None)
    value = figure("test/recall", evidence).value
    assert value.estimate == 0.7
    assert value.low != value.low


def test_a_precision_of_nothing_is_undefined_and_not_missing(evidence):
    evidence.threshold["test"]["tuned"]["precision"] = facts.interval(None, None, None)
    assert "nothing is detected" in figure("test/precision", evidence).remark


@pytest.mark.parametrize(
    ("device", "threads", "backend", "said"),
    [
        pytest.param("cpu (2 threads)", None, "pytorch", "cpu (2 threads)", id="threads in the name"),
        pytest.param("cpu", 4, "onnx", "cpu, 4 threads", id="threads beside the name"),
        pytest.param("NVIDIA H100", None, "pytorch", "NVIDIA H100", id="GPU"),
        pytest.param("NVIDIA H100", None, "onnx", "the CPU", id="ONNX beside a GPU"),
        pytest.param(None, None, "pytorch", "an unnamed device", id="not said"),
    ],
)
def test_latency_says_what_it_was_taken_on(device, threads, backend, said):
    assert machine(Evidence({}, {}, {}, {"device": device, "threads": threads}), backend) == said


def test_robustness_on_the_pictures_that_the_threshold_was_chosen_on_is_not_judged(evidence):
    """Without a test split the corrupted pictures are those of val."""
    del evidence.evaluation["splits"]["test"]

    for metric in ("robustness/recall", "robustness/precision", "robustness/mAP50"):
        assert figure(metric, evidence).value is None
