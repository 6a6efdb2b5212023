"""How long it takes from the shell's prompt to the first epoch: bare Ultralytics against `python -m src.train`.

Both train from the same local data and weights; the moment is when Ultralytics prints that it starts training. The two
take turns. Bare Ultralytics runs as it comes, with a settings folder of its own.

    .venv/bin/python benchmarks/first_epoch.py --weights ../shared/data/yolov8n.pt [--rounds 3]
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MARK = "Starting training for"
DATA = ["data.name=first_epoch", "data.images=24", "data.side=64", "data.splits={train: 16, val: 4, test: 4}"]

BARE = """
import sys
from ultralytics import YOLO
weights, data_yaml, project = sys.argv[1:]
YOLO(weights).train(data=data_yaml, epochs=1, imgsz=64, batch=16, optimizer="SGD", project=project, device="cpu")
"""


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    weights = str(arguments.weights.resolve())
    with tempfile.TemporaryDirectory(prefix="first-epoch-") as scratch:
        folder = Path(scratch)
        environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        subprocess.run([sys.executable, "-m", "src.prepare", *DATA], cwd=folder, env=environment, check=True)
        data_yaml = str(folder / "data" / "prepared" / "first_epoch" / "data.yaml")
        bare = [sys.executable, "-c", BARE, weights, data_yaml, str(folder / "bare")]
        ours = [sys.executable, "-m", "src.train", *DATA, f"model.weights={weights}"]
        ours += ["train.epochs=1", "train.imgsz=64", "train.batch=16", "train.optimizer=SGD"]
        pairs = [
            (
                seconds_to_mark(bare, folder, environment | {"YOLO_CONFIG_DIR": str(folder / "yolo")}),
                seconds_to_mark(ours, folder, environment),
            )
            for _ in range(arguments.rounds)
        ]
    for name, seconds in zip(("bare Ultralytics", "src.train"), zip(*pairs, strict=True), strict=True):
        print(f"{name}: {statistics.median(seconds):.2f} s to the first epoch, all {[round(s, 2) for s in seconds]}")
    difference = statistics.median(ours - bare for bare, ours in pairs)
    print(f"difference: {difference:+.2f} s  (aim: at most +2 s)")


def seconds_to_mark(command: list[str], folder: Path, environment: dict[str, str]) -> float:
    """Run a command to its end; how long it took to print the mark."""
    started = time.perf_counter()
    seconds = None
    with subprocess.Popen(
        command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        printed = []
        for line in process.stdout or ():
            printed.append(line)
            if MARK in line and seconds is None:
                seconds = time.perf_counter() - started
    if seconds is None:
        sys.exit("".join(printed))
    return seconds


if __name__ == "__main__":
    main()
