"""How often `python -m src.monitor` alarms for windows of clean pictures, and how often it notices changes.

The pictures are those of COCO128 under pretrained yolov8n, or of a prepared data set under a model of one's own; both
look for people. They are split into two halves at random, anew for each window: the reference is the one half, the
window is of the other; no picture is in both. docs/guides/monitor.md holds the results. The corruptions are those of
`evaluate`, which the statistics were chosen with on COCO128; the mild changes were not used for that.

    .venv/bin/python benchmarks/monitor.py --archive ../shared/data/coco128.zip --weights ../shared/data/yolov8n.pt
    .venv/bin/python benchmarks/monitor.py --prepared data/prepared/production --weights best.pt --imgsz 128
"""

import argparse
import io
import os
import sys
import time
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")  # before numpy is imported
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  after the number of threads
from PIL import Image, ImageFilter  # noqa: E402

from src.core.detections import GroundTruth  # noqa: E402
from src.data.labels import Box, LabelReader  # noqa: E402
from src.detector.predict import PredictionRequest, Predictor  # noqa: E402
from src.documents.predictions import Predictions  # noqa: E402
from src.evaluation.corruptions import CORRUPTIONS, corrupt, image_seed  # noqa: E402
from src.monitoring.drift import changes, has_moved  # noqa: E402
from src.monitoring.labelled import change, fallen  # noqa: E402
from src.monitoring.scenes import one_each  # noqa: E402
from src.monitoring.statistics import Statistics, chosen  # noqa: E402
from src.passes.matched import match_at  # noqa: E402
from src.passes.pictures import SeenPictures, look  # noqa: E402
from src.thresholds.operating_point import DEFAULT, intervals  # noqa: E402

CLASSES = tuple(f"other{number}" if number else "person" for number in range(80))  # COCO's first class is the one
WINDOW, FRAMES, SCENES = 50, 10, 10
HELD = ("night", "rain", "fog", "noise", "blur", "jpeg")  # corruptions that leave objects where and as they are
FILMED = 40  # of the pictures are scenes that there are frames of
CLEAN, VIDEO = "clean", "frames of scenes"
Change = Callable[[Image.Image], Image.Image]


def main() -> None:
    """Look at all pictures under every change, once; then draw windows and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--archive", type=Path, help="coco128.zip")
    source.add_argument("--prepared", type=Path, help="what `python -m src.prepare` writes")
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--imgsz", type=int, default=320)
    parser.add_argument("--windows", type=int, default=200)
    parser.add_argument("--corruptions", nargs="*", default=list(CORRUPTIONS), help="of evaluate")
    asked = parser.parse_args()
    pictures, labels = read(asked.archive) if asked.archive else read_prepared(asked.prepared)
    predictor = Predictor(PredictionRequest(("person",), asked.imgsz, weights=asked.weights, device="cpu"))
    seen: dict[str, SeenPictures] = {}
    for name, changed in all_changes(labels, asked.corruptions).items():
        started = time.process_time()
        seen[name] = look(predictor, map(bgr, changed(pictures)), DEFAULT)
        print(f"{name}: {time.process_time() - started:.0f} s of CPU for {len(seen[name].raw.sizes_wh)} pictures")
    others = len(labels) // 2
    print(
        f"\nShare of {asked.windows} windows of {WINDOW} scenes that alarm; the reference is {others} other pictures.\n"
    )
    print("| pictures | all statistics | by which |\n|---|---|---|")
    for name in [name for name in seen if name != VIDEO]:
        alarms = [moved(seen[CLEAN].statistics, seen[name].statistics, run) for run in range(asked.windows)]
        which = ", ".join(
            f"{one} {sum(one in own for own in alarms) / len(alarms):.0%}" for one in sorted(set().union(*alarms))
        )
        print(f"| {name} | {sum(map(bool, alarms)) / len(alarms):.1%} | {which} |")
    print_scenes(seen, asked.windows)
    print_labelled(seen, labels, asked.windows)


def read(archive: Path) -> tuple[list[Image.Image], list[str]]:
    """The pictures of COCO128 and the texts of their label files, in the order of the names."""
    with zipfile.ZipFile(archive) as files:
        names = sorted(name for name in files.namelist() if name.endswith(".jpg"))
        pictures = [Image.open(io.BytesIO(files.read(name))).convert("RGB") for name in names]
        labels = [name.replace("/images/", "/labels/").replace(".jpg", ".txt") for name in names]
        return pictures, [files.read(name).decode() if name in files.namelist() else "" for name in labels]


def read_prepared(folder: Path) -> tuple[list[Image.Image], list[str]]:
    """The pictures of a prepared data set, of all its splits, and the texts of their label files."""
    names = sorted((folder / "images").glob("*/*"))
    pictures = [Image.open(name).convert("RGB") for name in names]
    return pictures, [(folder / "labels" / name.parent.name / f"{name.stem}.txt").read_text() for name in names]


def all_changes(
    labels: Sequence[str], corruptions: Sequence[str]
) -> dict[str, Callable[[list[Image.Image]], Iterator[Image.Image]]]:
    """Every change as a function of all pictures."""
    mild: dict[str, Change] = {
        "exposure -0.5 EV": exposed,
        "sharpened": lambda picture: picture.filter(ImageFilter.UnsharpMask(radius=1.5, percent=80, threshold=0)),
        "slightly soft": lambda picture: picture.filter(ImageFilter.GaussianBlur(0.7)),
        "people 1.4 times as large": lambda picture: zoomed(picture, 1.4),
        "people half as large": lambda picture: shrunk(picture, 0.5),
    }
    found: dict[str, Callable[[list[Image.Image]], Iterator[Image.Image]]] = {CLEAN: iter}
    for name in corruptions:
        found[name] = lambda pictures, name=name: (
            corrupted(picture, labels[number], name, number) for number, picture in enumerate(pictures)
        )
    for name, one in mild.items():
        found[name] = lambda pictures, one=one: map(one, pictures)
    found[VIDEO] = lambda pictures: (
        frame(picture, number) for picture in pictures[:FILMED] for number in range(FRAMES)
    )
    return found


def exposed(picture: Image.Image) -> Image.Image:
    """Half an aperture stop less light, in linear light (IEC 61966-2-1)."""
    values = np.arange(256) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4) * 2**-0.5
    encoded = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return picture.point([int(value) for value in (encoded * 255).round()] * 3)


def zoomed(picture: Image.Image, factor: float) -> Image.Image:
    """The middle of a picture, enlarged to its size."""
    width, height = picture.size
    left, top = width * (1 - 1 / factor) / 2, height * (1 - 1 / factor) / 2
    return picture.resize(picture.size, Image.Resampling.BICUBIC, (left, top, width - left, height - top))


def shrunk(picture: Image.Image, factor: float) -> Image.Image:
    """A picture made smaller, continued beyond its edges by its mirror image, as a wider lens would show more."""
    width, height = picture.size
    small = np.asarray(picture.resize((round(width * factor), round(height * factor)), Image.Resampling.BOX))
    rows, columns = height - small.shape[0], width - small.shape[1]
    padding = ((rows // 2, rows - rows // 2), (columns // 2, columns - columns // 2), (0, 0))
    return Image.fromarray(np.pad(small, padding, mode="symmetric"))


def frame(picture: Image.Image, number: int) -> Image.Image:
    """A frame of a video of a scene: the camera sways by a few pixels, the light flickers."""
    rng = np.random.default_rng(number)
    left, top = rng.integers(0, 9, 2)
    width, height = picture.size
    gain = rng.uniform(0.97, 1.03)
    return picture.crop((left, top, width - 8 + left, height - 8 + top)).point(lambda value: value * gain)


def corrupted(picture: Image.Image, labels: str, name: str, number: int) -> Image.Image:
    """A picture under one of the corruptions of `evaluate`."""
    width, height = picture.size
    boxes = corners_of(people(labels)) * np.array([width, height] * 2)
    found, _, _ = corrupt(np.asarray(picture), boxes, name, image_seed(name, str(number), 0))
    return Image.fromarray(found)


def people(labels: str) -> list[Box]:
    """The boxes of people in a label file."""
    return [box for box in LabelReader(CLASSES).read(labels, "labels") if box.class_id == 0]


def corners_of(boxes: Sequence[Box]) -> np.ndarray:
    """The corners of boxes as fractions of their picture, (N, 4)."""
    centres = np.array([(box.x_centre, box.y_centre) for box in boxes]).reshape(-1, 2)
    half = np.array([(box.width, box.height) for box in boxes]).reshape(-1, 2) / 2
    return np.concatenate([centres - half, centres + half], axis=1).clip(0, 1)


def bgr(picture: Image.Image) -> np.ndarray:
    """A picture as OpenCV reads it."""
    return np.ascontiguousarray(np.asarray(picture)[..., ::-1])


def halves(count: int, run: int) -> tuple[np.ndarray, np.ndarray]:
    """Two halves of the pictures; the second is in random order."""
    order = np.random.default_rng(run).permutation(count)
    return order[: count // 2], order[count // 2 :]


def moved(clean: Statistics, window: Statistics, run: int) -> set[str]:
    """The statistics that have moved in a window of the second half."""
    reference, others = halves(len(clean["boxes"]), run)
    found = changes(chosen(clean, reference), chosen(window, others[:WINDOW]))
    return {each.name for each in found if each.has_moved}


def print_scenes(seen: dict[str, SeenPictures], windows: int) -> None:
    """How often windows of ten scenes alarm: one picture of each, ten frames of each, and these in groups."""
    clean, video = seen[CLEAN].statistics, seen[VIDEO].statistics
    alarms = {"one picture of each": 0, "ten frames of each, each a scene": 0, "ten frames of each, grouped": 0}
    for run in range(windows):
        reference, others = halves(len(clean["boxes"]), run)
        before, scenes = chosen(clean, reference), others[others < FILMED][:SCENES]
        frames = (scenes[:, None] * FRAMES + np.arange(FRAMES)).ravel()
        grouped = frames[one_each([str(number // FRAMES) for number in frames])]
        for name, window in zip(
            alarms, (chosen(clean, scenes), *(chosen(video, own) for own in (frames, grouped))), strict=True
        ):
            alarms[name] += has_moved(before, window)
    print(f"\nShare of {windows} clean windows of {SCENES} scenes that alarm.\n\n| pictures | alarms |\n|---|---|")
    for name, count in alarms.items():
        print(f"| {name} | {count / windows:.1%} |")


def print_labelled(seen: dict[str, SeenPictures], labels: Sequence[str], windows: int) -> None:
    """How often labelled windows alarm."""
    print(f"\nShare of {windows} windows of {WINDOW} labelled scenes that alarm.\n")
    print("| pictures | any | precision | recall | F1 |\n|---|---|---|---|---|")
    counts = {name: counts_of(seen[name], labels) for name in (CLEAN, *HELD) if name in seen}
    for name, own in counts.items():
        alarms = []
        for run in range(windows):
            reference, others = halves(len(own), run)
            alarms.append(fallen(change(intervals(own[others[:WINDOW]]), intervals(counts[CLEAN][reference]))))
        shares = [sum(metric in each for each in alarms) / windows for metric in ("precision", "recall", "F1")]
        print(f"| {name} | {sum(map(bool, alarms)) / windows:.1%} | {' | '.join(f'{share:.1%}' for share in shares)} |")


def counts_of(seen: SeenPictures, labels: Sequence[str]) -> np.ndarray:
    """Detections kept, hits and boxes of each picture, whose objects a change has left where they were, (I, 3)."""
    own = [people(text) for text in labels]
    sizes_wh = seen.raw.sizes_wh
    index = np.repeat(np.arange(len(own)), [len(boxes) for boxes in own])
    corners = corners_of([box for boxes in own for box in boxes]) * np.tile(sizes_wh[index], 2)
    files = tuple(str(number) for number in range(len(own)))
    truth = GroundTruth(files, sizes_wh, ("person",), index, np.zeros(len(index), np.int64), corners)
    return match_at(Predictions(truth, seen.raw), DEFAULT.iou).counts(DEFAULT)


if __name__ == "__main__":
    main()
