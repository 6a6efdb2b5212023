import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from src.core.errors import DataError
from src.data import disk
from src.data.options import ArchiveOptions
from src.data.sources.archive import ArchiveSource, content_digest, extract


@pytest.fixture
def archive(tmp_path: Path, yolo_folder: Path) -> Path:
    """The good data set, packed."""
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as package:
        for file in sorted(yolo_folder.rglob("*.*")):
            package.write(file, Path("mine") / file.relative_to(yolo_folder))
    return path


def _options(path: Path, **changes) -> ArchiveOptions:
    settings = {"name": "x", "archive": str(path), "folder_in_archive": "mine", "names": ["cat", "dog"]}
    return ArchiveOptions(**(settings | changes))


def test_an_archive_with_the_right_content_is_read(tmp_path: Path, archive: Path, yolo_folder: Path) -> None:
    """The digest is of the content, so any packing of it will do."""
    options = _options(archive, content_sha256=content_digest(yolo_folder))

    assert len(ArchiveSource(options).read(tmp_path / "work").samples) == 10


def test_an_archive_with_other_content_is_refused(tmp_path: Path, archive: Path) -> None:
    """The message says which digest it has and which was expected; a file of the user's is not deleted."""
    with pytest.raises(DataError, match=r"its content has sha256 [0-9a-f]{64}, expected 00ff"):
        ArchiveSource(_options(archive, content_sha256="00ff")).read(tmp_path / "work")

    assert archive.exists()


def test_a_download_with_other_content_is_deleted(tmp_path: Path, archive: Path) -> None:
    """Else no later run could get past it."""
    options = _options(
        archive, archive=None, url="https://example.org/mine.zip", downloads=str(tmp_path), content_sha256="00ff"
    )

    with pytest.raises(DataError, match="the download was deleted"):
        ArchiveSource(options).read(tmp_path / "work")

    assert not archive.exists()


def test_a_download_that_nothing_pins_is_not_used(tmp_path: Path, archive: Path, yolo_folder: Path) -> None:
    """The message has the digest, for a user who knows that it is the right file."""
    options = _options(archive, archive=None, url="https://example.org/mine.zip", downloads=str(tmp_path))

    with pytest.raises(DataError, match=f"set data.content_sha256={content_digest(yolo_folder)}"):
        ArchiveSource(options).read(tmp_path / "work")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        pytest.param("../evil.txt", "leaves the target folder", id="parent"),
        pytest.param("mine/../../evil.txt", "leaves the target folder", id="parent inside"),
        pytest.param("mine\\..\\..\\evil.txt", "leaves the target folder", id="backslashes"),
        pytest.param("/etc/evil.txt", "absolute name", id="absolute"),
        pytest.param("C:/evil.txt", "absolute name", id="drive"),
        pytest.param("\\\\server\\evil.txt", "absolute name", id="share"),
    ],
)
def test_members_that_leave_the_folder_are_refused(tmp_path: Path, name: str, reason: str) -> None:
    """Nothing at all is unpacked from such an archive."""
    archive = tmp_path / "evil.zip"
    with zipfile.ZipFile(archive, "w") as package:
        package.writestr("good.txt", "good")
        package.writestr(name, "evil")
    target = tmp_path / "a" / "b"
    target.mkdir(parents=True)

    with pytest.raises(DataError, match=reason):
        extract(archive, target)

    assert list(tmp_path.rglob("*.txt")) == []


def test_links_are_refused(tmp_path: Path) -> None:
    """A link could make a later member land anywhere."""
    link = zipfile.ZipInfo("mine/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "evil.zip", "w") as package:
        package.writestr(link, "/etc")

    with pytest.raises(DataError, match="is a link"):
        extract(tmp_path / "evil.zip", tmp_path)


def test_a_broken_archive_is_refused(tmp_path: Path, archive: Path) -> None:
    """Cut short, or with a flipped byte in a member."""
    content = archive.read_bytes()
    (tmp_path / "short.zip").write_bytes(content[:-30])
    (tmp_path / "flipped.zip").write_bytes(content[:200] + bytes([content[200] ^ 0xFF]) + content[201:])

    for name in ("short.zip", "flipped.zip"):
        with pytest.raises(DataError, match="not a zip archive, or a broken one"):
            extract(tmp_path / name, tmp_path / "out")


def test_an_archive_that_does_not_fit_is_not_begun(tmp_path: Path, archive: Path, monkeypatch) -> None:
    """Room is asked for before the first file."""
    monkeypatch.setattr(disk.shutil, "disk_usage", lambda _: SimpleNamespace(free=1))

    with pytest.raises(DataError, match="of disk space, 0 MB are free"):
        extract(archive, tmp_path)

    assert not (tmp_path / "mine" / "images" / "0.jpg").exists()


def test_a_missing_archive_is_named(tmp_path: Path) -> None:
    """A wrong path is not answered with a download."""
    with pytest.raises(DataError, match=r"data\.archive: .*nix\.zip does not exist"):
        ArchiveSource(_options(tmp_path / "nix.zip")).read(tmp_path)
