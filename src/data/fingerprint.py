"""Whether files have changed, without reading them."""

import hashlib
from pathlib import Path


def state_of(paths: list[Path]) -> str:
    """A digest of the names, sizes and modification times of files and of all files below folders."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            # Ultralytics leaves its label caches in the folders that it reads.
            if file.suffix in (".cache", ".npy") or not file.is_file():
                continue
            status = file.stat()
            digest.update(f"{file.relative_to(path)} {status.st_size} {status.st_mtime_ns}\n".encode())
    return digest.hexdigest()
