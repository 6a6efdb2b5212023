"""Where weights come from: a path, or a public name whose digest is known."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from src.core.errors import ConfigError, DataError, TrainingError, did_you_mean
from src.core.files import sha256_of
from src.detector.options import ModelOptions

_RELEASE = "https://github.com/ultralytics/assets/releases/download/v8.3.0"
# sha256 of the public files of that release
PUBLIC_SHA256 = {"yolov8n.pt": "f59b3d833e2ff32e194b5bb8e08d211dc7c5bdf144b90d2c8412c47ccfc83b36"}
_TIMEOUT_S = (5.0, 30.0)  # to connect, between two pieces
_PIECE = 1 << 20


def resolve_weights(options: ModelOptions) -> Path | None:
    """The file to start from; None where the model starts from its architecture.

    Side effects: downloads a public file once, into the cache folder.

    Raises:
        ConfigError: there is no such file, or its digest is not known.
        DataError: the digest is another than expected.
        TrainingError: the download failed.
    """
    if not options.weights:
        return None
    path = Path(options.weights).expanduser()
    if path.is_file():
        if options.sha256 is not None:
            _check(path, options.sha256)
        return path
    if path.name != options.weights or path.suffix != ".pt":
        raise ConfigError(f"model.weights={options.weights}: there is no such file (looked in {Path.cwd()}).")
    return _public(options, path.name)


def _public(options: ModelOptions, name: str) -> Path:
    expected = options.sha256 or PUBLIC_SHA256.get(name)
    if expected is None:
        raise ConfigError(
            f"model.weights={name}: there is no such file here, and as a public name its sha256 is not known."
            f"{did_you_mean(name, PUBLIC_SHA256)} Give the path of a file, or `model.sha256=…` to download it."
        )
    cached = Path(options.cache) / name
    if not cached.is_file():
        _download(f"{_RELEASE}/{name}", cached, expected)
    elif sha256_of(cached) != expected:
        raise DataError(
            f"{cached} is not {name} as published: its sha256 is not {expected}. Delete it to fetch it again."
        )
    return cached


def _download(url: str, target: Path, expected: str) -> None:
    """Fetch `url`; the file appears only if its digest is right."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    digest = hashlib.sha256()
    try:
        with os.fdopen(handle, "wb") as file:
            for piece in _pieces(url):
                digest.update(piece)
                file.write(piece)
        if digest.hexdigest() != expected:
            raise DataError(f"{url} has the sha256 {digest.hexdigest()}; expected {expected}. Nothing was kept.")
        Path(temporary).replace(target)
    finally:
        Path(temporary).unlink(missing_ok=True)


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


def _check(path: Path, expected: str) -> None:
    if (found := sha256_of(path)) != expected:
        raise DataError(
            f"model.weights={path} has the sha256 {found}; model.sha256 says {expected}. "
            "Set model.sha256=null to use the file as it is."
        )
