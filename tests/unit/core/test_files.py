"""Files and folders appear complete or not at all."""

import json
import os
from pathlib import Path

import pytest

from src.core.files import folder_when_complete, sha256_of, write_json, write_text


def test_a_file_is_replaced_whole_and_readable_for_others(tmp_path):
    path = tmp_path / "deep" / "file.txt"
    write_text(path, "old")
    write_text(path, "new")
    assert path.read_text() == "new"
    assert list(path.parent.iterdir()) == [path]
    expected = 0o666 & ~os.umask(os.umask(0))
    assert path.stat().st_mode & 0o777 == path.stat().st_mode & expected


def test_json_that_others_cannot_read_is_refused_and_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(path, {"a": float("nan")})
    assert json.loads(path.read_text()) == {"a": 1}


def test_a_failed_write_leaves_nothing_behind(tmp_path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        write_text(tmp_path / "file.txt", "text")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_takes_the_place_of_the_old_one_when_it_is_complete(tmp_path):
    target = tmp_path / "data"
    for content in ("old", "new"):
        with folder_when_complete(target) as scratch:
            (scratch / "file").write_text(content)
    assert (target / "file").read_text() == "new"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_interrupted_folder_leaves_the_old_one_as_it_was(tmp_path, error):
    target = tmp_path / "data"
    with folder_when_complete(target) as scratch:
        (scratch / "file").write_text("old")
    with pytest.raises(error), folder_when_complete(target) as scratch:  # noqa: PT012 - the block is what is tested
        (scratch / "file").write_text("half")
        raise error
    assert (target / "file").read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_the_digest_is_that_of_sha256sum(tmp_path):
    (tmp_path / "empty").touch()
    assert sha256_of(tmp_path / "empty") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
