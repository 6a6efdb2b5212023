"""What must be true of the process before Ultralytics is imported.

Ultralytics reads its environment once, at import: where its settings live, whether it may use the network, whether
pickles are trusted. Left alone it looks up two names in the DNS, fetches a font, writes settings into the user's
home and reports to every tracker it finds installed.
"""

import importlib.util
import os
import shutil
from pathlib import Path

from optuna_search.cores import available_cores
from optuna_search.scratch import scratch_folder

_FONT = "Arial.ttf"  # the name under which Ultralytics looks for a font before it downloads one


def prepare() -> None:
    """Make an import of Ultralytics private and offline.

    Side effects: sets environment variables of this process; makes a scratch folder that is removed at exit.
    """
    os.environ["YOLO_OFFLINE"] = "1"  # no DNS look-ups, version check or analytics
    os.environ["YOLO_AUTOINSTALL"] = "false"
    os.environ["ULTRALYTICS_SAFE_LOAD"] = "1"  # weights are data, not programs
    os.environ["YOLO_CONFIG_DIR"] = str(_private_config())
    os.environ.setdefault("MPLBACKEND", "Agg")  # plots are files; a display would be opened from a worker process
    # Ultralytics would set it to 1. The libraries read it when they start their first threads.
    os.environ.setdefault("OMP_NUM_THREADS", str(available_cores()))
    # How long a thread that waits for the others turns in circles before it sleeps. By default so long that beside
    # another busy process on the same cores a training takes up to thirty times as long; measured on 2 cores.
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", "1000")


def thread_count(requested: int | None) -> int:
    """How many threads a training may use: as requested, else what OMP_NUM_THREADS and the cores allow."""
    if requested is not None:
        return requested
    try:
        limit = int(os.environ.get("OMP_NUM_THREADS", "").split(",")[0])
    except ValueError:
        return available_cores()
    return max(1, min(limit, available_cores()))


def _private_config() -> Path:
    """A settings folder of our own, with a font in it so that none is fetched."""
    folder = scratch_folder("detection-search-")
    inner = folder / "Ultralytics"
    inner.mkdir()
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib and matplotlib.origin:
        font = Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
        for name in (_FONT, "Arial.Unicode.ttf"):  # the second where a class name is not ASCII
            shutil.copyfile(font, inner / name)
    return folder
