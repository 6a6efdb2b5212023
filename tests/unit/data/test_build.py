import errno
import os
import shutil
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src.core.errors import DataError
from src.core.files import sha256_of
from src.data import build, ingredients
from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.data.ingredients import watched
from src.data.manifest import digest_of
from src.data.options import SyntheticOptions, YoloOptions
from src.data.prepared import PreparedData, read_manifest
from src.documents.splits import SplitCounts


def _options(tmp_path: Path, path: Path, **changes) -> YoloOptions:
    settings = {
        "name": "mine",
        "root": str(tmp_path / "prepared"),
        "path": str(path),
        "splits": {"train": 6, "val": 2, "test": 2},
        "backgrounds": "keep",
    }
    return YoloOptions(**(settings | changes))


def _contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_data_set_is_complete(tmp_path: Path, yolo_folder: Path) -> None:
    """Images, labels, data.yaml and a manifest whose digests and counts are those of the files."""
    data = ensure_prepared(_options(tmp_path, yolo_folder))

    manifest = read_manifest(data.root)
    files = {name: sha256_of(data.root / name) for name in manifest.files}
    assert sorted(path.name for path in data.root.iterdir()) == ["data.yaml", "images", "labels", "manifest.json"]
    assert manifest.files == files
    assert manifest.digest == data.digest == digest_of(files)
    assert data.counts["train"].images == 6
    assert sum(count.boxes for count in data.counts.values()) == 18
    assert sum(count.backgrounds for count in data.counts.values()) == 1
    assert str(tmp_path) not in data.data_yaml.read_text()


def test_classes_are_filtered_and_renumbered(tmp_path: Path, yolo_folder: Path) -> None:
    """Numbers follow the order of data.classes; images without them are dropped unless kept."""
    options = {"classes": ["dog"], "splits": {"train": 6, "val": 3}, "backgrounds": "drop"}
    data = ensure_prepared(_options(tmp_path, yolo_folder, **options))

    labels = "".join(file.read_text() for file in (data.root / "labels").rglob("*.txt"))
    assert data.class_names == ("dog",)
    assert {line.split()[0] for line in labels.splitlines()} == {"0"}
    assert data.counts["train"].images + data.counts["val"].images == 9
    with pytest.raises(DataError, match=r"no class 'dgo'\. Did you mean 'dog'"):
        ensure_prepared(_options(tmp_path, yolo_folder, classes=["dgo"]))


def test_nothing_is_done_twice(tmp_path: Path, yolo_folder: Path, monkeypatch) -> None:
    """The same options find the data set made; a changed source or option makes it anew."""
    options = _options(tmp_path, yolo_folder)
    first = ensure_prepared(options)
    real, calls = build.source_for, []
    monkeypatch.setattr(build, "source_for", lambda o: calls.append(o) or real(o))

    assert ensure_prepared(options) == first
    assert calls == []
    (yolo_folder / "labels" / "9.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    assert ensure_prepared(options).digest != first.digest
    ensure_prepared(_options(tmp_path, yolo_folder, split_seed=1))
    assert len(calls) == 2


def test_two_at_once_make_it_once(tmp_path: Path, yolo_folder: Path, monkeypatch) -> None:
    """The second waits and takes what the first has made."""
    real, calls = build.source_for, []
    monkeypatch.setattr(build, "source_for", lambda o: calls.append(o) or real(o))
    options, results = _options(tmp_path, yolo_folder), []
    threads = [threading.Thread(target=lambda: results.append(ensure_prepared(options))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(calls) == 1
    assert len(results) == 4
    assert len({result.digest for result in results}) == 1


def test_the_same_image_in_two_splits_is_refused(tmp_path: Path, yolo_folder: Path) -> None:
    """Both files are named, and no data set is made."""
    copy = yolo_folder / "images" / "0.png"
    for number in range(1, 10):
        (yolo_folder / "images" / f"{number}.png").write_bytes(copy.read_bytes())

    with pytest.raises(DataError, match=r"the same image is in two splits: .*\.png \(train\) and .*\.png \(val\)"):
        ensure_prepared(_options(tmp_path, yolo_folder))

    assert {path.name for path in (tmp_path / "prepared").iterdir()} == {".mine.lock", ".mine.source.json"}


def test_a_failure_keeps_the_data_set_that_was_there(tmp_path: Path, yolo_folder: Path) -> None:
    """A broken source takes nothing away."""
    before = _contents(ensure_prepared(_options(tmp_path, yolo_folder)).root)
    (yolo_folder / "images" / "3.png").write_bytes(b"broken")

    with pytest.raises(DataError, match=r"3\.png: not an image"):
        ensure_prepared(_options(tmp_path, yolo_folder))

    assert _contents(tmp_path / "prepared" / "mine") == before


@pytest.mark.parametrize("interruption", [KeyboardInterrupt(), OSError(errno.ENOSPC, "full")])
def test_an_interruption_leaves_nothing_behind(tmp_path: Path, yolo_folder: Path, monkeypatch, interruption) -> None:
    """Neither Ctrl-C nor a full disk leaves half a data set."""

    def interrupted(*_: object) -> None:
        raise interruption

    monkeypatch.setattr(build, "write_image", interrupted)
    with pytest.raises((KeyboardInterrupt, DataError)) as caught:
        ensure_prepared(_options(tmp_path, yolo_folder))

    assert {path.name for path in (tmp_path / "prepared").iterdir()} == {".mine.lock", ".mine.source.json"}
    assert isinstance(caught.value, KeyboardInterrupt) or "no space left" in str(caught.value)


@pytest.mark.parametrize(
    "error", [PermissionError(errno.EACCES, "denied", "a.png"), OSError(errno.EIO, "Input/output error", "a.png")]
)
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, yolo_folder: Path, monkeypatch, error: OSError) -> None:
    """Before anything is prepared, too, where the source is looked at."""

    def unreadable(*_: object) -> None:
        raise error

    monkeypatch.setattr(ingredients, "sha256_of", unreadable)
    with pytest.raises(DataError, match=r"^a\.png: (no permission to read|cannot be read or written: Input/output)"):
        ensure_prepared(_options(tmp_path, yolo_folder))


def test_what_killed_processes_left_is_removed(tmp_path: Path, yolo_folder: Path) -> None:
    """But not what belongs to another data set."""
    root = tmp_path / "prepared"
    for name in (".mine.abcd1234", ".mine.old.abcd1234", ".mine.two.abcd1234", ".other.abcd1234"):
        (root / name).mkdir(parents=True)

    ensure_prepared(_options(tmp_path, yolo_folder))

    assert sorted(path.name for path in root.iterdir()) == [
        ".mine.lock",
        ".mine.source.json",
        ".mine.two.abcd1234",
        ".other.abcd1234",
        "mine",
    ]


def test_images_of_the_same_name_in_two_folders_are_kept_apart(tmp_path: Path, yolo_folder: Path, write_image) -> None:
    """Folders become part of the name."""
    write_image(yolo_folder / "images" / "deep" / "0.png", seed=99)
    (yolo_folder / "labels" / "deep").mkdir()
    (yolo_folder / "labels" / "deep" / "0.txt").write_text("")

    data = ensure_prepared(_options(tmp_path, yolo_folder, splits={"train": 9, "val": 2}))

    names = {path.stem for path in (data.root / "images").rglob("*.png")}
    assert {"0", "deep__0"} <= names
    assert len(names) == 11


@pytest.mark.parametrize(
    "name",
    [b"\xff\xfe", b"two\nlines", b"\x1b[31m", b"[bold]", b"$x$", "人".encode(), b"a b\tc", b"%41", b"n" * 250],
    ids=["no UTF-8", "line feed", "ESC", "[", "$", "CJK", "tab", "%", "long"],
)
def test_an_image_may_have_any_name(tmp_path: Path, yolo_folder: Path, name: bytes) -> None:
    """What cannot be written everywhere is written as %xx."""
    for kind, suffix in (("images", ".png"), ("labels", ".txt")):
        (yolo_folder / kind / f"0{suffix}").rename(yolo_folder / kind / (os.fsdecode(name) + suffix))

    data = ensure_prepared(_options(tmp_path, yolo_folder))

    assert sum(count.images for count in data.counts.values()) == 10
    names = [path.name for split in data.counts for path in (data.root / "images" / split).iterdir()]
    assert all(each.encode().decode().isprintable() for each in names)
    assert [len(ground_truth(data, split).files) for split in data.counts] == [c.images for c in data.counts.values()]


def test_long_names_of_folders_are_shortened(tmp_path: Path, yolo_folder: Path) -> None:
    """Where they become part of a file's name, and stay apart."""
    for folder in ("x" * 200 + "1", "x" * 200 + "2"):
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (yolo_folder / kind / folder / ("y" * 100)).mkdir(parents=True)
            number = int(folder[-1])
            file = yolo_folder / kind / f"{number}.{suffix}"
            file.rename(yolo_folder / kind / folder / ("y" * 100) / f"0.{suffix}")

    data = ensure_prepared(_options(tmp_path, yolo_folder))

    assert sum(count.images for count in data.counts.values()) == 10


def test_own_splits_are_kept_when_no_others_are_asked_for(tmp_path: Path, yolo_folder: Path) -> None:
    """Without them, the user is told to set some."""
    with pytest.raises(DataError, match="does not say to which split"):
        ensure_prepared(_options(tmp_path, yolo_folder, splits=None))


def test_lost_files_are_noticed(tmp_path: Path, yolo_folder: Path) -> None:
    """A data set with files missing is no data set, and is made anew."""
    data = ensure_prepared(_options(tmp_path, yolo_folder))
    next((data.root / "images" / "val").iterdir()).unlink()

    with pytest.raises(DataError, match="holds 1 files, its manifest says 2"):
        PreparedData.load(data.root)
    assert ensure_prepared(_options(tmp_path, yolo_folder)) == data


def test_missing_data_says_what_to_run(tmp_path: Path) -> None:
    """The message is the way out."""
    with pytest.raises(DataError, match=r"run `python -m src\.prepare data=…`"):
        PreparedData.load(tmp_path / "nix")


def test_drawn_data_is_bit_identical(tmp_path: Path) -> None:
    """Two machines that draw the same set can compare digests."""
    shares = {"train": 6, "val": 2}
    one, two = (
        ensure_prepared(SyntheticOptions(name="x", root=str(tmp_path / root), images=8, side=64, splits=shares))
        for root in ("one", "two")
    )

    assert one.digest == two.digest
    assert one.counts["val"] == two.counts["val"] != SplitCounts(0, 0, 0)


def test_other_times_are_not_another_data_set(tmp_path: Path, yolo_folder: Path, monkeypatch) -> None:
    """A copy elsewhere, a checkout or a touch changes no content, and nothing is made anew."""
    first = ensure_prepared(_options(tmp_path, yolo_folder))
    monkeypatch.setattr(build, "_build", lambda *_: pytest.fail("made anew"))
    for file in yolo_folder.rglob("*"):
        os.utime(file, (1, 1))
    assert ensure_prepared(_options(tmp_path, yolo_folder)) == first

    copy = shutil.copytree(yolo_folder, tmp_path / "elsewhere" / "theirs")
    assert ensure_prepared(_options(tmp_path, copy)) == first


def test_data_described_from_elsewhere_are_watched(tmp_path: Path, yolo_folder: Path) -> None:
    """A data.yaml in a folder of configurations, whose path leads to the data."""
    description = tmp_path / "configs" / "mine.yaml"
    description.parent.mkdir()
    description.write_text(f"path: {yolo_folder}\nnames: [cat, dog]\n")
    first = ensure_prepared(_options(tmp_path, description))

    for number in range(5):
        (yolo_folder / "labels" / f"{number}.txt").write_text("0 0.3 0.3 0.2 0.2\n")

    assert ensure_prepared(_options(tmp_path, description)).digest != first.digest
    assert watched(_options(tmp_path, description)) == (yolo_folder, description)


def test_listed_images_outside_the_folder_are_watched(tmp_path: Path, yolo_folder: Path) -> None:
    """Their labels too, which lie beside them here, below a folder whose name only contains the word images."""
    far = tmp_path / "my-images" / "set"
    far.mkdir(parents=True)
    for number in range(10):
        for kind, suffix in (("images", "png"), ("labels", "txt")):
            (yolo_folder / kind / f"{number}.{suffix}").rename(far / f"{number}.{suffix}")
    (yolo_folder / "all.txt").write_text("".join(f"{far}/{number}.png\n" for number in range(10)))
    (yolo_folder / "data.yaml").write_text("names: [cat, dog]\ntrain: all.txt\n")
    first = ensure_prepared(_options(tmp_path, yolo_folder))

    (far / "3.txt").write_text("0 0.3 0.3 0.2 0.2\n")

    assert ensure_prepared(_options(tmp_path, yolo_folder)).digest != first.digest
    assert watched(_options(tmp_path, yolo_folder)) == (tmp_path,)


def test_a_path_that_does_not_exist_is_refused_at_once(tmp_path: Path) -> None:
    """And nothing above it is looked through."""
    with pytest.raises(DataError, match=r"data\.path: /nope does not exist"):
        ensure_prepared(_options(tmp_path, Path("/nope")))


def test_a_folder_without_images_is_refused_before_anything_in_it_is_read(tmp_path: Path, monkeypatch) -> None:
    """A path that stops short may lead to all data sets of a machine."""
    (tmp_path / "all" / "mine").mkdir(parents=True)
    (tmp_path / "all" / "large.bin").write_bytes(b"1")
    monkeypatch.setattr("src.data.ingredients.sha256_of", lambda file: pytest.fail(f"{file} is read"))
    with pytest.raises(DataError, match="all: has no folder 'images'"):
        ensure_prepared(_options(tmp_path, tmp_path / "all"))


def test_each_line_twice_makes_the_same_data_set(tmp_path: Path, yolo_folder: Path) -> None:
    """What is trained on and what is judged by are the same boxes, and the manifest counts what was left out."""
    once = ensure_prepared(_options(tmp_path, yolo_folder))
    for label in (yolo_folder / "labels").glob("*.txt"):
        label.write_text(label.read_text() * 2)

    twice = ensure_prepared(_options(tmp_path, yolo_folder))

    assert twice.digest == once.digest
    assert read_manifest(twice.root).source.facts["duplicate_boxes_left_out"] == 18


def test_a_split_without_boxes_is_refused(tmp_path: Path, yolo_folder: Path) -> None:
    """Nothing can be judged by it."""
    for number in range(1, 10):
        (yolo_folder / "labels" / f"{number}.txt").write_text("")

    with pytest.raises(DataError, match=r"split '\w+' has \d images and not one box"):
        ensure_prepared(_options(tmp_path, yolo_folder))


def test_groups_stay_together(tmp_path: Path, yolo_folder: Path) -> None:
    """The frames of a video are never on both sides of the cut."""
    for kind, suffix in (("images", "png"), ("labels", "txt")):
        for number in range(10):
            file = yolo_folder / kind / f"{number}.{suffix}"
            file.rename(file.with_name(f"video{number // 2}_frame{number}.{suffix}"))

    data = ensure_prepared(_options(tmp_path, yolo_folder, groups=r"(video\d)_"))

    groups = {
        split: {path.name.partition("_")[0] for path in (data.root / "images" / split).iterdir()}
        for split in data.counts
    }
    assert not groups["train"] & groups["val"]
    assert sum(count.images for count in data.counts.values()) == 10
    with pytest.raises(DataError, match=r"data\.groups='film' does not match its name"):
        ensure_prepared(_options(tmp_path, yolo_folder, groups="film"))


def test_nearly_the_same_picture_in_two_splits_is_warned_of(tmp_path: Path, yolo_folder: Path, caplog) -> None:
    """Frames of a video that were encoded again: before anything is trained, and with the pair."""
    rng = np.random.default_rng(0)
    for number in range(10):
        waves = Image.fromarray(rng.integers(0, 256, (4, 5, 3), dtype=np.uint8)).resize((160, 128))
        waves.save(yolo_folder / "images" / f"{number}.png")
    with Image.open(yolo_folder / "images" / "0.png") as picture:
        for number in range(1, 10):
            if number % 2:
                picture.save(yolo_folder / "images" / f"{number}.jpg", quality=60 + number)
                (yolo_folder / "images" / f"{number}.png").unlink()

    data = ensure_prepared(_options(tmp_path, yolo_folder))

    pairs = read_manifest(data.root).near_duplicates
    assert pairs
    assert all(one.partition("/")[0] != two.partition("/")[0] for one, two in pairs)
    assert "are nearly the same as one of another split" in caplog.text
    assert pairs[0][0] in caplog.text
