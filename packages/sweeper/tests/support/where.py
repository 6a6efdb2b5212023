"""The app that notes where its jobs ran, under this sweeper or Hydra's own."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

from support import warm
from support.toy import TESTS

APP = TESTS / "apps" / "where" / "app.py"


def sweep(folder: Path, *overrides: str, version_base: str = "1.3", python: str | None = None) -> str:
    """Run a sweep from `folder` and return what it printed."""
    folder.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [python or warm.python(*warm.SWEEPER), str(APP), "-m", *overrides],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(TESTS.parent), "VERSION_BASE": version_base, "COLUMNS": "160"},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


def notes(folder: Path) -> dict[str, dict[str, Any]]:
    """What the jobs noted, by the file in which they did, with `folder` written as a dot."""
    return {
        str(path.relative_to(folder)): json.loads(path.read_text().replace(str(folder), "."))
        for path in folder.rglob("where.json")
    }
