"""`python -m src.prepare` from outside, on real data."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from src.core.files import sha256_of
from tests.support.programs import python

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]

# Ultralytics must read what was prepared as it is: every image and box, and no file repaired in place.
READ_AS_ULTRALYTICS = """
import sys
from ultralytics.data.dataset import YOLODataset
from ultralytics.data.utils import check_det_dataset
data = check_det_dataset(sys.argv[1], autodownload=False)
for split in ("train", "val", "test"):
    labels = YOLODataset(img_path=data[split], data=data, augment=False).get_labels()
    print(split, len(labels), sum(len(label["cls"]) for label in labels))
"""


def _command(tmp_path: Path, *overrides: str, program: str = sys.executable) -> list[str]:
    where = [f"data.root={tmp_path / 'prepared'}", f"hydra.run.dir={tmp_path / 'run'}"]
    return [program, "-m", "src.prepare", *where, *overrides]


def _prepare(tmp_path: Path, *overrides: str, program: str = "") -> subprocess.CompletedProcess[str]:
    command = _command(tmp_path, *overrides, program=program or python())
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def _rows(output: str) -> dict[str, list[int]]:
    """The numbers of the printed table, by split."""
    rows = (re.findall(r"\w+", line) for line in output.splitlines() if "│" in line)
    return {row[0]: [int(cell) for cell in row[1:]] for row in rows if row}


@pytest.fixture(scope="module")
def coco128_person(real_data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The data set with its defaults, and what was printed."""
    tmp_path = tmp_path_factory.mktemp("coco128")
    archive = f"data.archive={real_data / 'coco128.zip'}"
    result = _prepare(tmp_path, "data=coco128_person", archive, program=sys.executable)
    assert result.returncode == 0, result.stderr
    return tmp_path / "prepared" / "coco128_person", result.stdout


def test_the_known_split_of_coco128_comes_out(coco128_person: tuple[Path, str]) -> None:
    """40/10/10 images with 175/31/47 boxes, all of them people in 320×320 pixels."""
    folder, output = coco128_person
    assert _rows(output) == {"train": [40, 175, 0], "val": [10, 31, 0], "test": [10, 47, 0]}
    assert json.loads((folder / "manifest.json").read_text())["classes"] == ["person"]


def test_ultralytics_reads_it_as_it_is(coco128_person: tuple[Path, str], tmp_path: Path) -> None:
    """Same counts, and every file still has the digest of the manifest."""
    folder, _ = coco128_person
    # It needs a font for plots, and would ask the network for one.
    settings = tmp_path / "Ultralytics"
    settings.mkdir()
    (settings / "Arial.ttf").touch()
    environment = os.environ | {"YOLO_CONFIG_DIR": str(tmp_path), "YOLO_OFFLINE": "1", "YOLO_AUTOINSTALL": "false"}
    result = subprocess.run(
        [sys.executable, "-c", READ_AS_ULTRALYTICS, str(folder / "data.yaml")],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    counts = [line for line in result.stdout.splitlines() if re.fullmatch(r"\w+ \d+ \d+", line)]
    assert counts == ["train 40 175", "val 10 31", "test 10 47"]

    files = json.loads((folder / "manifest.json").read_text())["files"]
    assert {name: sha256_of(folder / name) for name in files} == files


def test_other_classes_and_fractions_of_the_same_archive(real_data: Path, tmp_path: Path) -> None:
    """Any of the 80 classes can be asked for, in any order."""
    result = _prepare(
        tmp_path,
        "data=coco128_person",
        f"data.archive={real_data / 'coco128.zip'}",
        "data.name=pets",
        "data.classes=[dog,cat]",
        "data.splits={train:0.6,val:0.2,test:0.2}",
        "data.resize=null",
    )

    assert result.returncode == 0, result.stderr
    manifest = json.loads((tmp_path / "prepared" / "pets" / "manifest.json").read_text())
    assert manifest["classes"] == ["dog", "cat"]
    assert sum(part["boxes_per_class"]["dog"] for part in manifest["splits"].values()) == 9


def test_a_mistake_ends_with_its_message_and_no_traceback(real_data: Path, tmp_path: Path) -> None:
    """What is wrong, what was expected; status not zero."""
    archive = f"data.archive={real_data / 'coco128.zip'}"
    too_many = _prepare(tmp_path, "data=coco128_person", archive, "data.splits.train=50")
    no_path = _prepare(tmp_path, "data=yolo")
    unknown_class = _prepare(tmp_path, "data=coco128_person", archive, "data.classes=[persn]")

    assert "asks for 70 images (train 50, val 10, test 10), but only 61 have" in too_many.stderr
    assert "data.path has no default" in no_path.stderr
    assert "no class 'persn'. Did you mean 'person'?" in unknown_class.stderr
    for result in (too_many, no_path, unknown_class):
        assert result.returncode != 0
        assert "Traceback" not in result.stderr


def test_without_network_the_answer_is_quick_and_names_the_way_out(tmp_path: Path) -> None:
    """No waiting for time-outs where nobody answers."""
    begin = time.monotonic()
    url = "data.url=https://127.0.0.1:9/coco128.zip"
    result = _prepare(tmp_path, "data=coco128_person", url, f"data.downloads={tmp_path}")

    assert "could not download https://127.0.0.1:9/coco128.zip" in result.stderr
    assert "data.archive=PATH" in result.stderr
    assert time.monotonic() - begin < 40


def test_two_processes_make_the_same_data_set_once(tmp_path: Path) -> None:
    """Both succeed and print the same digest; nothing else is left in the folder."""
    runs = [
        subprocess.Popen(_command(tmp_path, f"hydra.run.dir={tmp_path / str(n)}"), cwd=ROOT, stdout=subprocess.PIPE)
        for n in range(2)
    ]
    outputs = [run.communicate()[0].decode() for run in runs]

    assert [run.returncode for run in runs] == [0, 0]
    assert len({re.search(r"digest (\w{64})", output)[1] for output in outputs}) == 1
    assert "".join(outputs).count("Preparing synthetic_person in") == 1
    assert sorted(path.name for path in (tmp_path / "prepared").iterdir()) == [
        ".synthetic_person.lock",
        ".synthetic_person.source.json",
        "synthetic_person",
    ]


@pytest.mark.slow
def test_a_killed_run_leaves_no_data_set_and_the_next_one_cleans_up(tmp_path: Path) -> None:
    """Even SIGKILL cannot leave half a data set under its final name."""
    many = ("data.images=5000", "data.splits={train:3000,val:1000,test:1000}")
    run = subprocess.Popen(_command(tmp_path, *many), cwd=ROOT, stdout=subprocess.DEVNULL)
    prepared = tmp_path / "prepared"
    while not list(prepared.glob(".synthetic_person.*/.work/*.jpg")):
        assert run.poll() is None
        time.sleep(0.05)
    run.send_signal(signal.SIGKILL)
    run.wait()
    assert not (prepared / "synthetic_person").exists()

    assert _prepare(tmp_path).returncode == 0
    assert sorted(path.name for path in prepared.iterdir()) == [
        ".synthetic_person.lock",
        ".synthetic_person.source.json",
        "synthetic_person",
    ]
