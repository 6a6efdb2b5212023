import re
from pathlib import Path

import pytest
from hydra import compose, initialize_config_dir

from src.config import schema
from src.config.sections import section
from src.core.errors import ConfigError
from src.decision.options import DecideOptions
from src.documents.gates import Comparison, Gate

CONF = str(Path(__file__).parents[3] / "conf")


def options(*overrides) -> DecideOptions:
    schema.register()
    with initialize_config_dir(CONF, version_base="1.3"):
        return section(compose("config", list(overrides)), "decide", DecideOptions)


def test_staging_judges_what_a_model_does_and_not_how_long_it_was_trained():
    """The defaults search 4 to 10 epochs: a gate on more would reject each of their models, however good it is."""
    assert [str(gate) for gate in options().judged_by()] == [
        "test/precision > 0.5",
        "test/mAP50 > 0.5",
        "test/recall > 0.7",
        "test/F1 > 0.6",
        "over_untrained/mAP50-95 > 0",
    ]


def test_production_is_the_preset_of_the_issue():
    assert [str(gate) for gate in options("decide=production").judged_by()] == [
        "test/mAP50 > 0.7",
        "test/recall > 0.65",
        "test/precision > 0.7",
        "latency/p95_ms < 50",
        "latency/throughput_fps > 30",
        "robustness/recall > 0.6",
    ]


def test_gates_can_be_added_changed_and_removed_on_the_command_line():
    made = options(
        "+decide.gates.size={metric:model/weights_mb,at_most:10}",
        "decide.gates.recall.more_than=0.4",
        "~decide.gates.F1",
    )
    gates = {gate.name: gate for gate in made.judged_by()}
    assert gates["size"] == Gate("size", "model/weights_mb", Comparison.AT_MOST, 10)
    assert gates["recall"].limit == 0.4
    assert "F1" not in gates


@pytest.mark.parametrize(
    ("gate", "message"),
    [
        pytest.param({"metric": "test/precison", "more_than": 0}, "Did you mean 'test/precision'", id="metric"),
        pytest.param({"more_than": 0}, "There are: test/precision, ", id="no metric"),
        pytest.param({"metric": "epochs", "more_then": 1}, "Did you mean 'more_than'", id="comparison"),
        pytest.param({"metric": "epochs"}, "none of them", id="no comparison"),
        pytest.param({"metric": "epochs", "more_than": 1, "at_least": 2}, "more_than and at_least", id="two"),
        pytest.param({"metric": "epochs", "more_than": "many"}, "expected a number", id="text"),
        pytest.param({"metric": "epochs", "more_than": True}, "expected a number", id="true"),
        pytest.param({"metric": "epochs", "more_than": float("nan")}, "expected a number", id="nan"),
        pytest.param("epochs > 3", "write it as", id="no mapping"),
    ],
)
def test_a_gate_that_is_none_is_refused_by_name(gate, message):
    with pytest.raises(ConfigError, match=rf"decide\.gates\.mine.*{re.escape(message)}"):
        DecideOptions(gates={"mine": gate})


def test_an_unknown_backend_is_refused():
    with pytest.raises(ConfigError, match="Did you mean 'pytorch'"):
        DecideOptions(backend="torch")
