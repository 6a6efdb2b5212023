"""What `python -m src.promote` is told."""

import pytest

from src.core.errors import ConfigError
from src.stages.promote.arguments import PromoteArguments


def test_a_run_and_a_name_are_enough():
    made = PromoteArguments(run="abc", name="person-detector")

    assert (made.alias, made.record, made.rollback) == ("staging", None, False)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"name": "a/b"}, "name=a/b", id="a name that MLflow refuses"),
        pytest.param({"name": "it's"}, "name=it's", id="a name that would end a quotation"),
        pytest.param({"name": ""}, "name=", id="no name"),
        pytest.param({"alias": "v2"}, "alias=v2", id="an alias that reads as a version"),
        pytest.param({"alias": "latest"}, "MLflow's own", id="an alias of MLflow's own"),
        pytest.param({"alias": "pre prod"}, "alias=pre prod", id="an alias with a space"),
        pytest.param({"record": "accepted"}, "record=accepted: expected rejected", id="another thing to record"),
        pytest.param({"rollback": True, "run": "abc"}, "leave run", id="a rollback to a run"),
    ],
)
def test_what_cannot_work_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        PromoteArguments(**{"name": "person-detector", **given})
