"""Asking a process of its own what the tracking store holds.

MLflow's patience with a server that does not answer can be cut short only by environment variables that it reads when
it is imported, and nothing of its state should stay behind: see src/mlflow/courier/process.py.
"""

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from src.core.errors import TrackingError
from src.core.secrets import without_credentials
from src.mlflow.courier import process as courier_process
from src.mlflow.options import TrackingOptions

TIMEOUT_S = 120.0  # opening a database that another version of MLflow made can take half a minute
_SQLITE = "sqlite:///"


def check_store(options: TrackingOptions) -> None:
    """Refuse to read where nothing can be.

    Raises:
        TrackingError: nothing is recorded with these options, or the database is not there.
    """
    if options.kind == "none":
        raise TrackingError("Nothing is recorded with tracking=none; name the store that the runs were recorded in.")
    if options.uri.startswith(_SQLITE) and not Path(options.uri.removeprefix(_SQLITE)).is_file():
        raise TrackingError(
            f"There is no MLflow store {without_credentials(options.uri)}; set tracking.uri to where the runs were"
            " recorded."
        )


def ask(module: str, question: Mapping[str, Any]) -> dict[str, Any]:
    """What `python -m MODULE` answers to a question; an `error` where it cannot.

    Args:
        module: It reads the question from its standard input, and its last line of output is the answer, both JSON.
        question: Not an argument of the process, because addresses may hold passwords.
    """
    try:
        reader = subprocess.run(
            [sys.executable, "-m", module],
            input=json.dumps(question),
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
            env=courier_process.environment(),
        )
    except subprocess.TimeoutExpired:
        return {"error": f"no answer within {TIMEOUT_S:.0f} s."}
    if reader.returncode:
        return {"error": (reader.stderr.strip().splitlines() or [f"exit code {reader.returncode}"])[-1]}
    answer: dict[str, Any] = json.loads(reader.stdout.splitlines()[-1])
    return answer
