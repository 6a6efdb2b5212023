"""How often what the project states is right, where the truth is known.

Data sets are drawn with replacement from a population of images with detections, through the functions that the
commands use; `docs/statistics.md` holds the result. Populations: synthetic ones (`--names`), COCO128 under yolov8n
(`--archive` and `--weights`; predicted once and kept in ~/.cache/calibration), and any of your own: `--population`
takes files that `DetectionRecords.save` writes (such as a training's `val_records.npz`), one a model, all of the same
images.

    .venv/bin/python benchmarks/calibration.py --parts single --images 10 80 --repetitions 1000
"""

import argparse
import os
import sys
import time
from functools import partial
from pathlib import Path

for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"  # before numpy is imported
ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402  after the number of threads

from benchmarks.calibrating import (  # noqa: E402
    alias,
    confirmations,
    gates,
    latency,
    pairs,
    populations,
    raced,
    real,
    seeds,
    single,
    studies,
    thresholds,
)
from benchmarks.calibrating.table import markdown  # noqa: E402

PARTS = {
    "single": single.rows,
    "pairs": pairs.rows,
    "gates": gates.rows,
    "thresholds": thresholds.rows,
    "studies": partial(studies.rows, studies.REPEATED),
    "unequal": studies.unequal_rows,
    "unrepeated": partial(studies.rows, studies.UNREPEATED),
    "large": partial(studies.rows, studies.LARGE),
    "confirm": confirmations.rows,
    "alias": alias.rows,
}
WITHOUT_IMAGES = {"latency": latency.rows, "seeds": seeds.rows, "raced": raced.rows}
ALL = [*PARTS, *WITHOUT_IMAGES]
GAP = 0.5  # in log odds, by which the second model of a synthetic population is worse


def main() -> None:
    """Simulate, print a table a part."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=ALL, default=ALL)
    parser.add_argument("--images", nargs="+", type=int, default=[10, 20, 40, 80, 200, 1000])
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--names", nargs="*", choices=populations.RECIPES, default=["medium", "good", "poor"])
    parser.add_argument("--archive", type=Path, help="coco128.zip, for the real populations")
    parser.add_argument("--weights", type=Path, help="yolov8n.pt, for the real populations")
    parser.add_argument("--population", nargs="+", type=Path, metavar="FILE.npz", help="one's own, a file a model")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    started = time.process_time()
    for part in arguments.parts:
        print(f"\n## {part}\n")
        for line in markdown(_rows(part, arguments)):
            print(line, flush=True)
    print(f"\n{time.process_time() - started:.0f} s of CPU time")


def _rows(part: str, arguments: argparse.Namespace):  # noqa: ANN202  an iterator of rows
    if part in WITHOUT_IMAGES:
        yield from WITHOUT_IMAGES[part](arguments.repetitions, np.random.default_rng(arguments.seed))
        return
    for population in _populations(arguments):
        for images in arguments.images:
            rng = np.random.default_rng([arguments.seed, images])
            yield from PARTS[part](population, images, arguments.repetitions, rng)


def _populations(arguments: argparse.Namespace):  # noqa: ANN202  an iterator of populations
    if arguments.population:
        yield populations.from_files(arguments.population)
        return
    for name in arguments.names:
        yield populations.synthetic(name, gap=GAP)
    if arguments.archive and arguments.weights:
        yield real.people(arguments.archive, arguments.weights)
        yield real.all_classes(arguments.archive, arguments.weights)


if __name__ == "__main__":
    main()
