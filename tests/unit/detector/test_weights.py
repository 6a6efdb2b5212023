import hashlib
import io
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter

from src.core import https
from src.core.errors import ConfigError, DataError, TrainingError
from src.detector.options import ModelOptions
from src.detector.pins import RELEASE, pins
from src.detector.weights import resolve_weights

CONTENT = b"weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(BaseAdapter):
    """Answers each request with `CONTENT`, or with a redirect."""

    def __init__(self, redirect: str = "") -> None:
        super().__init__()
        self.redirect = redirect
        self.asked: list[str] = []

    def send(self, request, **_) -> requests.Response:
        """Answer one request."""
        self.asked.append(request.url)
        response = requests.Response()
        response.request, response.url, response.status_code = request, request.url, 200
        response.raw = io.BytesIO(CONTENT)
        if self.redirect:
            response.status_code, response.headers["Location"] = 302, self.redirect
        return response

    def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def server(monkeypatch) -> Server:
    """In the place of the network."""
    server = Server()
    monkeypatch.setattr(https, "HTTPAdapter", lambda **_: server)
    return server


@pytest.fixture
def asked(server) -> list[str]:
    """The URLs that were asked for; each is answered with `CONTENT`."""
    return server.asked


def test_an_architecture_needs_no_file():
    """A training from scratch starts from nothing."""
    assert resolve_weights(ModelOptions(architecture="yolov8n.yaml")) is None


def test_a_path_is_taken_as_it_is(tmp_path, asked):
    """Weights win over an architecture, and nothing is fetched."""
    path = tmp_path / "own.pt"
    path.write_bytes(CONTENT)
    assert resolve_weights(ModelOptions(weights=str(path), architecture="yolov8n.yaml")) == path
    assert asked == []


def test_a_path_with_another_digest_is_refused(tmp_path):
    """The user said which file it has to be."""
    path = tmp_path / "own.pt"
    path.write_bytes(b"other")
    with pytest.raises(DataError, match=r"model\.sha256 says"):
        resolve_weights(ModelOptions(weights=str(path), sha256=SHA256))


@pytest.mark.parametrize("name", ["no/such.pt", "weights.bin"])
def test_a_missing_file_is_refused(name, asked):
    """With the place that was looked at."""
    with pytest.raises(ConfigError, match="there is no such file"):
        resolve_weights(ModelOptions(weights=name))
    assert asked == []


def test_a_public_name_without_known_digest_is_refused(asked):
    """Only what can be checked is downloaded."""
    with pytest.raises(ConfigError, match=r"sha256 is not known.*Did you mean 'yolov8n\.pt'"):
        resolve_weights(ModelOptions(weights="yolov8m.pt"))
    assert asked == []


def test_a_public_name_is_fetched_once_and_checked(tmp_path, asked):
    """Over https, from the release that Ultralytics itself takes."""
    options = ModelOptions(weights="yolov8m.pt", sha256=SHA256, cache=str(tmp_path))
    assert resolve_weights(options).read_bytes() == CONTENT
    assert resolve_weights(options) == tmp_path / "yolov8m.pt"
    assert asked == ["https://github.com/ultralytics/assets/releases/download/v8.4.0/yolov8m.pt"]


def test_a_download_with_another_digest_leaves_nothing(tmp_path, asked):
    """A wrong file must not be found by the next run."""
    with pytest.raises(DataError, match=pins()["yolov8n.pt"].sha256):
        resolve_weights(ModelOptions(weights="yolov8n.pt", cache=str(tmp_path)))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_cache_is_not_used(tmp_path, asked):
    """It says which file to delete."""
    (tmp_path / "yolov8n.pt").write_bytes(b"damaged")
    with pytest.raises(DataError, match="Delete it"):
        resolve_weights(ModelOptions(weights="yolov8n.pt", cache=str(tmp_path)))


def test_a_redirect_to_plain_http_is_refused(tmp_path, server):
    """Before anything is asked over http: a digest protects the content, https the rest."""
    server.redirect = "http://elsewhere/yolov8n.pt"
    with pytest.raises(TrainingError, match="not https"):
        resolve_weights(ModelOptions(weights="yolov8n.pt", cache=str(tmp_path)))
    assert len(server.asked) == 1
    assert list(tmp_path.iterdir()) == []


def test_without_network_the_remedy_is_named(tmp_path, monkeypatch, server):
    """A path works everywhere."""

    def unreachable(*_, **__):
        raise requests.ConnectionError("no route")

    monkeypatch.setattr(server, "send", unreachable)
    with pytest.raises(TrainingError, match=r"model\.weights=PATH"):
        resolve_weights(ModelOptions(weights="yolov8n.pt", cache=str(tmp_path)))
    assert RELEASE.startswith("https://")
    assert not any(Path(tmp_path).iterdir())
