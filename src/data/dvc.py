"""What DVC knows about a data set: its digest in `dvc.lock`."""

import os
from pathlib import Path
from typing import Any

import yaml

LOCK = Path("dvc.lock")


def dvc_digest(folder: Path, lock: Path = LOCK) -> str | None:
    """The digest under which DVC keeps a folder, such as `d751713988987e9331980363e24189ce.dir`.

    Args:
        folder: An output of a stage.
        lock: The lock file of the pipeline, whose outputs are relative to its folder.

    Returns:
        None where there is no lock file, or it does not list the folder: the data set is not under DVC's control.
    """
    try:
        content: dict[str, Any] = yaml.safe_load(lock.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    wanted = folder.resolve()
    for stage in content.get("stages", {}).values():
        for out in stage.get("outs", []):
            if Path(os.path.normpath(lock.parent.resolve() / out["path"])) == wanted:
                return str(out["md5"])
    return None
