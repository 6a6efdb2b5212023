"""A zip archive with a data set in YOLO form, checked by its content."""

import hashlib
import shutil
import stat
import zipfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from src.core.errors import DataError
from src.core.files import sha256_of
from src.data.disk import check_room
from src.data.download import download
from src.data.options import ArchiveOptions
from src.data.sample import SourceData
from src.data.sources.yolo import YoloFolder

_ENCRYPTED = 0x1


class ArchiveSource:
    """A public archive, downloaded or local."""

    def __init__(self, options: ArchiveOptions) -> None:
        self._options = options

    def read(self, work: Path) -> SourceData:
        """Fetch the archive if it is not there, check it, unpack it into `work` and read it."""
        archive, is_download = self._archive()
        extract(archive, work)
        root = work / self._options.folder_in_archive
        digest = content_digest(root)
        if is_download and self._options.content_sha256 is None:
            raise DataError(
                f"{archive}: nothing says what was to be downloaded (data.content_sha256). Its content has sha256 "
                f"{digest}; if you trust it, set data.content_sha256={digest}"
            )
        if self._options.content_sha256 not in (None, digest):
            if is_download:
                archive.unlink()  # else every later run would stumble over it
            raise DataError(
                f"{archive}: its content has sha256 {digest}, expected {self._options.content_sha256}"
                " (data.content_sha256): incomplete, changed, or another archive"
                + ("; the download was deleted, run again" if is_download else "")
            )
        names = tuple(self._options.names)
        options = self._options
        data = YoloFolder(
            root=root,
            names=names,
            unlabelled=options.unlabelled,
            orphan_labels=options.orphan_labels,
            rows=options.rows,
            poses=False,
            splits={},
        ).read()
        return replace(data, facts={**data.facts, "url": options.url, "content_sha256": digest})

    def _archive(self) -> tuple[Path, bool]:
        if self._options.archive is not None:
            archive = Path(self._options.archive)
            if not archive.is_file():
                raise DataError(f"data.archive: {archive} does not exist")
            return archive, False
        if self._options.url is None:
            raise DataError("neither data.archive=PATH nor data.url=https://… says where the archive is")
        target = Path(self._options.downloads) / PurePosixPath(urlsplit(self._options.url).path).name
        if not target.is_file():
            try:
                download(self._options.url, target)
            except DataError as error:
                raise DataError(f"{error} Without network, give a copy with data.archive=PATH.") from error
        return target, True


def content_digest(root: Path) -> str:
    """SHA-256 of the `sha256sum`-style list of the images and labels below `root`, which packing does not change."""
    files = [path for folder in ("images", "labels") for path in (root / folder).rglob("*") if path.is_file()]
    names = sorted(path.relative_to(root).as_posix() for path in files)
    lines = (f"{sha256_of(root / name)}  {name}\n" for name in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def extract(archive: Path, target: Path) -> None:
    """Unpack a zip archive whose members all stay within `target`.

    Raises:
        DataError: no zip archive, a broken one, a member that would land elsewhere, is a link or encrypted, or too
            little disk space.
    """
    try:
        with zipfile.ZipFile(archive) as package:
            members = package.infolist()
            for member in members:
                _check_member(archive, member)
            target.mkdir(parents=True, exist_ok=True)
            check_room(target, sum(member.file_size for member in members))
            for member in members:
                path = target / member.filename
                if member.is_dir():
                    path.mkdir(parents=True, exist_ok=True)
                    continue
                path.parent.mkdir(parents=True, exist_ok=True)
                with package.open(member) as packed, path.open("wb") as unpacked:
                    shutil.copyfileobj(packed, unpacked)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise DataError(f"{archive}: not a zip archive, or a broken one ({error})") from error


def _check_member(archive: Path, member: zipfile.ZipInfo) -> None:
    # ZipInfo cuts names at a null byte and turns the platform's separators; what it read first is kept aside.
    name = member.orig_filename
    parts = name.replace("\\", "/").split("/")
    where = f"{archive}: member '{name}'"
    if name.startswith(("/", "\\")) or ":" in parts[0]:
        raise DataError(f"{where} has an absolute name; nothing was unpacked")
    if ".." in parts or "\0" in name:
        raise DataError(f"{where} leaves the target folder; nothing was unpacked")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise DataError(f"{where} is a link; nothing was unpacked")
    if member.flag_bits & _ENCRYPTED:
        raise DataError(f"{where} is encrypted; nothing was unpacked")
