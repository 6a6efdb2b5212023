"""What `python -m src.serve` is told."""

import socket

import pytest

from src.core.errors import ConfigError
from src.mlflow.options import TrackingOptions
from src.render.serving import page
from src.stages.serve.arguments import ServeArguments
from src.stages.serve.stage import served


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param({"name": "a/b"}, id="name"),
        pytest.param({"alias": "v3"}, id="alias"),
        pytest.param({"backend": "tensorrt"}, id="backend"),
        pytest.param({"port": 70000}, id="port"),
        pytest.param({"port": -1}, id="negative port"),
    ],
)
def test_what_cannot_be_served_is_named(arguments):
    [name] = arguments
    with pytest.raises(ConfigError, match=f"^{name}={arguments[name]}: "):
        ServeArguments(**{"name": "people", **arguments})


def test_a_port_that_is_taken_is_said_before_a_model_is_loaded():
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        arguments = ServeArguments(name="people", port=port)
        with (
            pytest.raises(ConfigError, match=rf"port={port}: Address already in use. port=0 takes a free port"),
            served(arguments, TrackingOptions(), device=None),
        ):
            pass


def test_the_page_shows_how_the_model_is_used_and_escapes_its_names():
    config = {"confidence": {"<b>": 0.25, "dog": 0.5}, "iou": 0.6, "imgsz": 320, "class_names": ["<b>", "dog"]}

    html = page("people", 3, "staging", config)

    assert "&lt;b&gt;: 0.25, dog: 0.5" in html
    assert "<b>" not in html
    assert "320 px" in html
