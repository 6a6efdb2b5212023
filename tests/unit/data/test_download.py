import io
from pathlib import Path

import pytest
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from src.core.errors import DataError
from src.data.download import download

URL = "https://example.org/file.zip"
CONTENT = bytes(range(256)) * 1000


class FakeServer(BaseAdapter):
    """Serves CONTENT; can break off after some bytes, ignore ranges, redirect or refuse."""

    def __init__(self, break_after: int | None = None, ranges: bool = True, redirect: str = "", status: int = 0):
        super().__init__()
        self.break_after, self.ranges, self.redirect, self.status = break_after, ranges, redirect, status
        self.requested_ranges: list[str | None] = []

    def send(self, request, **_) -> requests.Response:
        """Answer one request."""
        asked = request.headers.get("Range")
        self.requested_ranges.append(asked)
        start = int(asked.removeprefix("bytes=").rstrip("-")) if asked and self.ranges else 0
        body = CONTENT[start:]
        response = requests.Response()
        response.request, response.url = request, request.url
        response.status_code = self.status or (206 if start else 200)
        if start >= len(CONTENT):
            response.status_code = 416
        response.headers = CaseInsensitiveDict({"Content-Length": str(len(body))})
        if self.redirect:
            response.status_code, response.headers["Location"] = 302, self.redirect
            self.redirect = ""
        response.raw = io.BytesIO(body[: self.break_after])
        return response

    def close(self) -> None:
        """Nothing is held."""


def _session(server: FakeServer) -> requests.Session:
    session = requests.Session()
    session.adapters.clear()
    session.mount("https://", server)
    return session


def test_a_file_arrives_complete(tmp_path: Path) -> None:
    """And nothing is left beside it."""
    download(URL, tmp_path / "down" / "file.zip", _session(FakeServer()))

    assert (tmp_path / "down" / "file.zip").read_bytes() == CONTENT
    assert [path.name for path in (tmp_path / "down").iterdir()] == ["file.zip"]


@pytest.mark.parametrize("ranges", [True, False])
def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path, ranges: bool) -> None:
    """What has arrived is not asked for again, unless the server cannot resume."""
    target = tmp_path / "file.zip"
    with pytest.raises(DataError, match="broke off after 5000 of 256000 bytes; run again to go on"):
        download(URL, target, _session(FakeServer(break_after=5000)))
    assert not target.exists()

    server = FakeServer(ranges=ranges)
    download(URL, target, _session(server))

    assert server.requested_ranges == ["bytes=5000-"]
    assert target.read_bytes() == CONTENT


def test_a_stale_part_begins_anew(tmp_path: Path) -> None:
    """A part longer than the file is not the file's."""
    (tmp_path / "file.zip.part").write_bytes(CONTENT + b"more")

    download(URL, tmp_path / "file.zip", _session(FakeServer()))

    assert (tmp_path / "file.zip").read_bytes() == CONTENT


def test_a_redirect_to_plain_http_is_refused(tmp_path: Path) -> None:
    """Before anything is asked over http, where the answer could be anybody's."""
    server = FakeServer(redirect="http://example.org/file.zip")
    with pytest.raises(DataError, match="leads to, an address that is not https"):
        download(URL, tmp_path / "file.zip", _session(server))
    assert len(server.requested_ranges) == 1
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_of_the_server_is_told(tmp_path: Path) -> None:
    """With its status, and without a file that is an error page."""
    with pytest.raises(DataError, match="the server answered 404"):
        download(URL, tmp_path / "file.zip", _session(FakeServer(status=404)))

    assert list(tmp_path.iterdir()) == []
