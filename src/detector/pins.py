"""What public weights have to be: the table of their digests, and how a file of it is downloaded."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path

import yaml

from src.core.errors import DataError, TrainingError
from src.core.files import write_text

TABLE = Path(__file__).with_name("public_weights.yaml")
RELEASE = "https://github.com/ultralytics/assets/releases/download/v8.4.0"  # that of the Ultralytics that is pinned
_TIMEOUT_S = (5.0, 30.0)  # to connect, between two pieces
_PIECE = 1 << 20


@dataclass(frozen=True)
class Pin:
    """A public file.

    Attributes:
        sha256: Of its bytes.
        size: In bytes.
        url: Where it is downloaded from.
        source: Where the digest comes from, in words.
    """

    sha256: str
    size: int
    url: str
    source: str


@cache
def pins(table: Path = TABLE) -> Mapping[str, Pin]:
    """The table, by file name."""
    return {name: Pin(**entry) for name, entry in yaml.safe_load(table.read_text(encoding="utf-8")).items()}


def write_pins(found: Mapping[str, Pin], table: Path = TABLE) -> None:
    """Write the table; its first line stays.

    Side effects: replaces the file.
    """
    first = table.read_text(encoding="utf-8").splitlines()[0]
    entries = {name: asdict(found[name]) for name in sorted(found)}
    write_text(table, f"{first}\n{yaml.safe_dump(entries, sort_keys=False, width=200)}")
    pins.cache_clear()


def download(url: str, target: Path, expected: str | None) -> str:
    """Fetch `url`; the file appears only if it is complete and its digest is right.

    Args:
        url: An https address.
        target: The file.
        expected: Its sha256; None where that is to be found out.

    Returns:
        Its sha256.

    Raises:
        DataError: The digest is another one.
        TrainingError: The download failed.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    digest = hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in _pieces(url):
                digest.update(piece)
                file.write(piece)
        if expected not in (None, digest.hexdigest()):
            raise DataError(f"{url} has the sha256 {digest.hexdigest()}; expected {expected}. Nothing was kept.")
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)
    return digest.hexdigest()


def _pieces(url: str) -> Iterator[bytes]:
    import requests

    from src.core.https import https_session

    try:
        with https_session() as session, session.get(url, stream=True, timeout=_TIMEOUT_S) as response:
            response.raise_for_status()
            yield from response.iter_content(_PIECE)
    except requests.exceptions.InvalidSchema as error:
        raise TrainingError(f"Could not download {url}: it leads to an address that is not https.") from error
    except requests.RequestException as error:
        raise TrainingError(
            f"Could not download {url}: {error}. Without network, give the path of the file: model.weights=PATH."
        ) from error
