"""scripts/pin_weights.py against a server on this machine."""

import functools
import hashlib
import shutil
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
import requests

from scripts import pin_weights
from src.core import https
from src.detector.options import ModelOptions
from src.detector.pins import TABLE, pins
from src.detector.weights import resolve_weights

CONTENT = b"public weights"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder, and tells nobody."""

    def log_message(self, *_) -> None:
        """Nothing."""


@pytest.fixture
def release(tmp_path, monkeypatch):
    """Where yolo11n.pt is published. It speaks http, which downloads refuse; their test is in test_weights.py."""
    monkeypatch.setattr(https, "https_session", requests.Session)
    published = tmp_path / "release"
    published.mkdir()
    (published / "yolo11n.pt").write_bytes(CONTENT)
    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=published)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def table(tmp_path):
    """A copy of the project's table."""
    yield shutil.copy(TABLE, tmp_path / "table.yaml")
    pins.cache_clear()


def pin(capsys, *arguments) -> tuple[int, str]:
    with pytest.raises(SystemExit) as ended:
        pin_weights.main([str(each) for each in arguments])
    return ended.value.code, capsys.readouterr().out


def test_a_download_is_pinned_with_its_source(release, table, capsys):
    status, said = pin(capsys, "yolo11n.pt", "--release", release, "--table", table)
    assert (status, said) == (0, f"yolo11n.pt: pinned: 14 bytes, sha256 {SHA256}, from {release}/yolo11n.pt\n")
    written = pins(table)
    assert (written["yolo11n.pt"].sha256, written["yolo11n.pt"].size) == (SHA256, 14)
    assert written["yolo11n.pt"].source.startswith("this address, downloaded on 2")
    assert written["yolov8n.pt"] == pins()["yolov8n.pt"]
    assert table.read_text().splitlines()[0] == TABLE.read_text().splitlines()[0]


def test_a_pinned_name_is_what_a_training_downloads(release, table, capsys, monkeypatch, tmp_path):
    pin(capsys, "yolo11n.pt", "--release", release, "--table", table)
    written = pins(table)
    monkeypatch.setattr("src.detector.weights.pins", lambda: written)
    assert resolve_weights(ModelOptions(weights="yolo11n.pt", cache=str(tmp_path / "cache"))).read_bytes() == CONTENT


def test_a_published_file_that_has_changed_is_no_new_pin(release, table, capsys, tmp_path):
    pin(capsys, "yolo11n.pt", "--release", release, "--table", table)
    before = table.read_text()
    (tmp_path / "release" / "yolo11n.pt").write_bytes(b"another")
    status, said = pin(capsys, "yolo11n.pt", "--release", release, "--table", table)
    assert status == 1
    assert f"NOT the public file: 7 bytes, sha256 {hashlib.sha256(b'another').hexdigest()}; pinned are 14" in said
    assert table.read_text() == before


def test_a_file_at_hand_is_compared_and_never_pinned(table, capsys, tmp_path):
    for name in ("yolov8n.pt", "yolo11n.pt"):
        (tmp_path / name).write_bytes(CONTENT)
    before = table.read_text()
    status, said = pin(capsys, "yolov8n.pt", "yolo11n.pt", "none.pt", "--folder", tmp_path, "--table", table)
    first, second, third = said.splitlines()
    assert status == 1
    assert first.startswith("yolov8n.pt: NOT the public file: 14 bytes")
    assert "pinned are 6,549,796 bytes, sha256 f59b3d83" in first
    assert second.startswith(f"yolo11n.pt: not pinned: 14 bytes, sha256 {SHA256}; nothing says")
    assert "No such file" in third
    assert table.read_text() == before


def test_a_release_that_does_not_answer_pins_nothing(release, table, capsys):
    before = table.read_text()
    status, said = pin(capsys, "yolo99n.pt", "--release", release, "--table", table)
    assert status == 1
    assert "yolo99n.pt: Could not download" in said
    assert table.read_text() == before
