"""Download of one file: https only, resumed where it broke off, complete or not there."""

from pathlib import Path
from typing import Final

import requests
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from src.core.errors import DataError
from src.core.https import https_session
from src.data.disk import check_room

_TIMEOUT_S: Final = (5.0, 30.0)  # to connect, and between two pieces
_PIECE_BYTES: Final = 2**17
_PARTIAL, _UNSATISFIABLE = 206, 416


def download(url: str, target: Path, session: requests.Session | None = None) -> None:
    """Fetch `url` to `target`.

    Side effects: what arrives is kept in `<target>.part`, from where the next call goes on after an interruption.

    Raises:
        DataError: the server cannot be reached, refuses, leaves https, or there is no room.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(target.name + ".part")
    try:
        with session or https_session() as connection:
            _fetch(connection, url, part)
    except requests.RequestException as error:
        raise DataError(f"could not download {url}: {_reason(error)}.") from error
    part.replace(target)


def _fetch(session: requests.Session, url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    # Compressed on the way, byte positions would not be those of the file.
    headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with session.get(url, headers=headers, stream=True, timeout=_TIMEOUT_S) as response:
        if response.status_code == _UNSATISFIABLE and have:
            part.unlink()  # longer than the file is by now, or complete: begin anew
            _fetch(session, url, part)
            return
        response.raise_for_status()
        if response.status_code != _PARTIAL:
            have = 0  # the server does not resume
        length = response.headers.get("Content-Length")
        _receive(response, part, have, have + int(length) if length else None)


def _receive(response: requests.Response, part: Path, have: int, total: int | None) -> None:
    check_room(part.parent, (total or have) - have)
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with part.open("r+b" if have else "wb") as file, Progress(*columns, TimeRemainingColumn()) as progress:
        file.seek(have)
        task = progress.add_task(part.stem, total=total, completed=have)
        for piece in response.iter_content(_PIECE_BYTES):
            file.write(piece)
            progress.advance(task, len(piece))
        received = file.tell()
    if total is not None and received < total:
        raise requests.ConnectionError(
            f"the connection broke off after {received} of {total} bytes; run again to go on"
        )


def _reason(error: requests.RequestException) -> str:
    if error.response is not None:
        return f"the server answered {error.response.status_code} {error.response.reason}"
    if isinstance(error, requests.Timeout):
        return "no answer in time"
    if isinstance(error, requests.exceptions.InvalidSchema):
        return "it is, or leads to, an address that is not https"
    text = str(error)
    return text if text.startswith("the connection broke off") else f"no connection ({type(error).__name__})"
