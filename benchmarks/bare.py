"""Where bare Ultralytics runs beside this project's programs: no network, no trackers."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib

ROOT = Path(__file__).resolve().parents[1]
# Begins commands of bare Ultralytics, which alone would train with one thread; a sweep divides the cores by itself.
WITH_ALL_CORES = ("env", f"OMP_NUM_THREADS={len(os.sched_getaffinity(0))}")


def environment(folder: Path) -> dict[str, str]:
    """What programs of either kind that run in a scratch folder find in their environment."""
    return os.environ | {
        "PYTHONPATH": str(ROOT),
        "YOLO_CONFIG_DIR": str(folder / "yolo"),
        "YOLO_OFFLINE": "true",
        "YOLO_AUTOINSTALL": "false",
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",  # for tune(), which calls `yolo`
    }


def prepare(folder: Path) -> None:
    """Give bare Ultralytics the font that it would try to download, and settings without trackers."""
    font = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
    (folder / "yolo" / "Ultralytics").mkdir(parents=True)
    shutil.copy(font, folder / "yolo" / "Ultralytics" / "Arial.ttf")
    off = [f"{name}=False" for name in ("mlflow", "dvc", "clearml", "comet", "raytune", "sync")]
    yolo = Path(sys.executable).with_name("yolo")
    subprocess.run([yolo, "settings", *off], env=environment(folder), check=True, capture_output=True)
