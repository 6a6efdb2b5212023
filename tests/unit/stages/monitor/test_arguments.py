"""What `python -m src.monitor` is told."""

import pytest

from src.core.errors import ConfigError
from src.stages.monitor.arguments import MonitorArguments


@pytest.mark.parametrize(
    ("given", "message"),
    [
        pytest.param({"name": "a/b"}, "name=a/b", id="a name that MLflow refuses"),
        pytest.param({"alias": "v2"}, "alias=v2", id="an alias that reads as a version"),
        pytest.param({"group": "("}, "group=", id="a pattern that is none"),
        pytest.param({"against": "staging"}, "against=staging: .* give labels=", id="a comparison without labels"),
        pytest.param({"against": "production", "labels": "here"}, "that is the version", id="a version with itself"),
    ],
)
def test_what_cannot_work_is_refused(given, message):
    with pytest.raises(ConfigError, match=message):
        MonitorArguments(**{"name": "people", "images": "pictures", "output": "found", **given})
