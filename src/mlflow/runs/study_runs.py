"""The runs of a study as the store has them, read back for a comparison by a process of its own."""

import json
import logging
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from src.core.errors import TrackingError
from src.core.secrets import without_credentials
from src.mlflow.client import new_client
from src.mlflow.courier.pending import wait_until_delivered
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.reading import ask, check_store
from src.mlflow.runs.recorded import RecordedRun, recorded
from src.mlflow.spool.folder import is_key

_PARENT_TAG = "mlflow.parentRunId"
_PAGE = 1000

_logger = logging.getLogger(__name__)


def study_runs(options: TrackingOptions, study_run_id: str) -> tuple[RecordedRun, ...]:
    """The runs under a study's run, in the order of their start.

    Calls that still wait in this machine's spool are waited for, `options.wait_s` at most; then a warning says how many
    runs are incomplete.

    Args:
        options: Where the study is recorded.
        study_run_id: The study's run, by its id or provisional key.

    Side effects: starts a process, and the courier when runs of the study wait in the spool.

    Raises:
        TrackingError: nothing is recorded with these options, the store cannot be read, or does not know the run.
    """
    store = without_credentials(options.uri)
    check_store(options)
    spool = Path(options.spool).absolute()
    result = wait_until_delivered(spool, study_run_id, wait_s=options.wait_s, children=True)
    if result.pending:
        _logger.warning(
            "%d runs of the study have not reached the store yet and may be missing below; they wait in %s.",
            result.pending,
            spool,
        )
    question = {"uri": options.uri, "experiment": options.experiment, "run_id": result.run_id}
    answer = ask("src.mlflow.runs.study_runs", question)
    if "error" in answer:
        raise TrackingError(f"The study's runs cannot be read from {store}: {answer['error']}")
    return tuple(RecordedRun(**run) for run in answer["runs"])


def read(uri: str, experiment: str, run_id: str) -> dict[str, Any]:
    """What the store says: `runs`, or an `error`; only the reading process calls it."""
    from src.mlflow.courier.mlflow_store import MlflowStore
    from src.mlflow.errors import StoreRefusedError, StoreUnavailableError
    from src.mlflow.spool.folder import KEY_TAG

    try:
        store = MlflowStore(uri)
        found = store.find_run(experiment=experiment, tag=KEY_TAG, value=run_id) if is_key(run_id) else run_id
        if found is None:
            return {"error": f"there is no run with the provisional key {run_id}."}
        return {"runs": [asdict(run) for run in _children(uri, found, store.read_run(found).experiment_id)]}
    except (StoreRefusedError, StoreUnavailableError) as error:
        return {"error": str(error)}


def _children(uri: str, run_id: str, experiment_id: str) -> list[RecordedRun]:
    client, found, token = new_client(uri), [], None
    while True:
        page = client.search_runs(
            [experiment_id],
            f"tags.`{_PARENT_TAG}` = '{run_id}'",
            max_results=_PAGE,
            order_by=["attributes.start_time ASC"],
            page_token=token,
        )
        found += [recorded(run) for run in page]
        token = page.token
        if not token:
            return found


if __name__ == "__main__":
    print(json.dumps(read(**json.loads(sys.stdin.read()))))
