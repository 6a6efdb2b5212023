"""What it takes to find the best threshold.

A: 1.5 million detections (5,000 images with 300 each, 36,000 boxes of 80 classes, drawn at random) swept at every
   score, and the choice repeated on 500 resamples of the images. On one core.
B: the val split of the real data, with `--data` and `--weights`: ours (images read from disk, one forward pass over
   them, NMS at 3 IoUs, every score a candidate) against the usual way (Ultralytics' validation repeated at 17
   thresholds and 3 NMS IoUs, which chooses from a grid). Model loading and imports are left out on both sides, and each
   side has a warm-up that does not count. Also printed: ours with the default grid of 5 IoUs and 1000 resamples.
   The two F1 differ a little: Ultralytics pads images to a common shape, and reads its figures from a smoothed curve.

    .venv/bin/python benchmarks/threshold.py [--data ../shared/data/coco128.zip --weights ../shared/data/yolov8n.pt]
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

IMGSZ = 416
THRESHOLDS = [round(0.1 + 0.05 * step, 2) for step in range(17)]
IOUS = [0.5, 0.6, 0.7]
ALL_IOUS = [0.4, 0.5, 0.6, 0.7, 0.8]


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="coco128.zip, for part B")
    parser.add_argument("--weights", type=Path, help="yolov8n.pt, for part B")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"  # before numpy is imported
    if hasattr(os, "sched_setaffinity"):
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, {min(cores)})
        sweep_many(arguments.rounds)
        os.sched_setaffinity(0, cores)
    else:
        sweep_many(arguments.rounds)
    if arguments.data and arguments.weights:
        for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
            del os.environ[name]
        against_revalidation(arguments.data.resolve(), arguments.weights.resolve())
    else:
        print("Part B was left out: it needs --data and --weights.")


def sweep_many(rounds: int) -> None:
    """Part A."""
    from src.core.interval import image_weights
    from src.thresholds.bootstrap import MAX_SELECTABLE, reselect
    from src.thresholds.criteria import best_f
    from src.thresholds.curve import sweep
    from src.thresholds.select import select

    floor = 0.001
    detections = drawn(images=5000, per_image=300, boxes=36_000, classes=80)
    curve = sweep(detections, floor)
    print(
        f"{len(detections.scores):,} detections, {len(curve.scores):,} distinct scores, {detections.hit.sum():,} hits"
    )
    choose = median_seconds(lambda: select({0.7: sweep(detections, floor)}, best_f()), rounds)
    print(f"swept at every score, best F1 chosen: {choose:.3f} s  (aim: at most 0.5 s)")
    point = select({0.7: curve}, best_f()).point
    if point is None:
        sys.exit("nothing was chosen")
    weights = image_weights(5000, 500, 0)

    def resample() -> Any:
        return reselect({0.7: detections}, {0.7: curve}, best_f(), chosen=point.score, weights=weights)

    seconds = median_seconds(resample, rounds)
    print(f"chosen again on 500 resamples, from {MAX_SELECTABLE} thresholds each: {seconds:.3f} s  (aim: at most 2 s)")
    print(f"  threshold and interval: {resample().score:.4f}")


def drawn(*, images: int, per_image: int, boxes: int, classes: int) -> Any:
    """Detections with four of five boxes hit; hits score higher than the noise, as those of a fair detector do."""
    import numpy as np

    from src.core.detection_records import DetectionRecords

    rng = np.random.default_rng(0)
    count = images * per_image
    hit = np.zeros(count, bool)
    hit[rng.choice(count, int(0.8 * boxes), replace=False)] = True
    image, class_ = np.repeat(np.arange(images), per_image), rng.integers(0, classes, count)
    positives = np.zeros((images, classes), np.int64)
    np.add.at(positives, (image[hit], class_[hit]), 1)
    missed = boxes - int(hit.sum())
    np.add.at(positives, (rng.integers(0, images, missed), rng.integers(0, classes, missed)), 1)
    scores = np.where(hit, rng.beta(2, 1.5, count), rng.beta(0.3, 12, count)).clip(0.00101, 1)
    return DetectionRecords(image, class_, scores, np.repeat(hit[:, None], 10, axis=1), positives)


def against_revalidation(archive: Path, weights: Path) -> None:
    """Part B."""
    import importlib

    from src.core.detections import FLOOR
    from src.core.interval import image_weights
    from src.data.ground_truth import ground_truth
    from src.detector import engine  # sets Ultralytics' environment before it is imported
    from src.detector.predict import PredictionRequest, Predictor, read_image
    from src.documents.predictions import Predictions
    from src.passes.matched import match_at
    from src.thresholds.bootstrap import reselect
    from src.thresholds.criteria import best_f
    from src.thresholds.curve import sweep
    from src.thresholds.select import select

    with tempfile.TemporaryDirectory(prefix="threshold-") as scratch:
        data = prepared(archive, scratch)
        threads = os.cpu_count() or 1
        predictor = Predictor(PredictionRequest(data.class_names, IMGSZ, weights, threads=threads))

        def ours(ious: list[float], resamples: int) -> Any:
            truth = ground_truth(data, "val")
            found = Predictions(truth, predictor.raw_boxes(read_image(data.root / file) for file in truth.files))
            views = {iou: match_at(found, iou).records for iou in ious}
            curves = {iou: sweep(each, FLOOR) for iou, each in views.items()}
            point = select(curves, best_f()).point
            if resamples and point is not None:
                drawn_images = image_weights(truth.image_count, resamples, 0)
                reselect(views, curves, best_f(), chosen=point.score, weights=drawn_images)
            return point

        model = importlib.import_module("ultralytics").YOLO(weights)

        def revalidate(thresholds: list[float], ious: list[float]) -> tuple[float, float, float]:
            found = []
            for iou in ious:
                for conf in thresholds:
                    metrics = model.val(
                        **{"data": str(data.data_yaml), "imgsz": IMGSZ, "conf": conf, "iou": iou, "classes": [0]},
                        **{"plots": False, "verbose": False, "project": scratch, "name": "val", "exist_ok": True},
                        device="cpu",
                    )
                    precision, recall = metrics.box.mp, metrics.box.mr
                    f1 = 2 * precision * recall / max(precision + recall, 1e-12)
                    found.append((float(f1), conf, iou))
            return max(found)

        ours(IOUS, 0)
        revalidate(THRESHOLDS[:1], IOUS[:1])
        engine.use_threads(threads)
        before = seconds_of(lambda: ours(IOUS, 0), 5)
        started = time.perf_counter()
        theirs = revalidate(THRESHOLDS, IOUS)
        their_seconds = time.perf_counter() - started
        engine.use_threads(threads)
        our_seconds = statistics.median([*before, *seconds_of(lambda: ours(IOUS, 0), 5)])
        with_intervals = median_seconds(lambda: ours(ALL_IOUS, 1000), 5)
        mine = ours(IOUS, 0)
    count = len(THRESHOLDS) * len(IOUS)
    print(f"val split of {data.counts['val'].images} images at imgsz {IMGSZ}, {threads} threads")
    print(f"Ultralytics' validation at {count} points: {their_seconds:.2f} s, F1 {theirs[0]:.4f} at {theirs[1:]}")
    print(f"ours, every score at {len(IOUS)} IoUs: {our_seconds:.3f} s, F1 {mine.counts.f():.4f} at {mine.score:.4f}")
    print(f"ours, {len(ALL_IOUS)} IoUs and 1000 resamples: {with_intervals:.3f} s")
    print(f"ratio: {their_seconds / our_seconds:.0f}  (aim: at least 20)")


def prepared(archive: Path, root: str) -> Any:
    """`data=coco128_person`, prepared in a folder of its own."""
    from hydra import compose, initialize_config_dir

    from src.config import app, schema
    from src.config.sections import section
    from src.data.build import ensure_prepared
    from src.data.options import DataOptions

    schema.register()
    overrides = ["data=coco128_person", f"data.archive={archive}", f"data.root={root}"]
    with initialize_config_dir(app.ROOT["config_path"], version_base="1.3"):
        return ensure_prepared(section(compose("config", overrides=overrides), "data", DataOptions))


def median_seconds(work: Callable[[], Any], rounds: int) -> float:
    """The median of how long it takes."""
    return statistics.median(seconds_of(work, rounds))


def seconds_of(work: Callable[[], Any], rounds: int) -> list[float]:
    """How long it takes each time."""
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return seconds


if __name__ == "__main__":
    main()
