"""Any runs of the store, found by id, by the beginning of an id or by name, with their metrics' histories.

They are read by a process of its own, `python -m src.mlflow.runs.any_runs`; see src/mlflow/runs/reading.py.
"""

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from src.core.errors import TrackingError
from src.core.secrets import without_credentials
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.reading import ask, check_store
from src.mlflow.runs.study_runs import RecordedRun, recorded

_ID = re.compile(r"[0-9a-f]{32}")
_BEGINNING = re.compile(r"[0-9a-f]{4,31}")
_PAGE = 1000
_LISTED = 5


@dataclass(frozen=True)
class DetailedRun:
    """A run with all that the store has about its metrics.

    Attributes:
        run: The run.
        began_ms: When it began, in milliseconds since 1970.
        datasets: Name and digest of the data sets that it used.
        histories: Of each metric the first value at each step, in the order of the steps.
        artifact: The file that was asked for, on this machine; None where the run has none of that name.
    """

    run: RecordedRun
    began_ms: int
    datasets: Sequence[tuple[str, str]]
    histories: Mapping[str, Sequence[tuple[int, float]]]
    artifact: Path | None


def any_runs(options: TrackingOptions, names: Sequence[str], *, artifact: str, folder: Path) -> tuple[DetailedRun, ...]:
    """The runs with these ids, beginnings of ids (four characters or more) or names, in this order.

    Args:
        options: Where they are recorded; they may be of any experiment there.
        names: What is looked for.
        artifact: A file among their artifacts to fetch.
        folder: Where to, each into a folder named after its run.

    Side effects: starts a process; writes into the folder.

    Raises:
        TrackingError: nothing is recorded with these options, the store cannot be read, or knows no or several such
            runs.
    """
    check_store(options)
    question = {"uri": options.uri, "names": list(names), "artifact": artifact, "folder": str(folder)}
    answer = ask("src.mlflow.runs.any_runs", question)
    if "error" in answer:
        store = without_credentials(options.uri)
        raise TrackingError(f"The runs cannot be read from {store}: {answer['error']}")
    return tuple(_detailed(run) for run in answer["runs"])


def read(uri: str, names: Sequence[str], artifact: str, folder: str) -> dict[str, Any]:
    """What the store says: `runs`, or an `error`; only the reading process calls it."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=uri)
    try:
        return {"runs": [_read(client, _find(client, name), artifact, Path(folder)) for name in names]}
    except LookupError as error:
        return {"error": str(error.args[0])}
    except MlflowException as error:
        return {"error": str(error).strip().split("\n", 1)[0]}


def _find(client: Any, name: str) -> Any:
    """The run of a name.

    Raises:
        LookupError: there is none, or there are several.
    """
    from mlflow.exceptions import MlflowException

    if _ID.fullmatch(name):
        try:
            return client.get_run(name)
        except MlflowException:
            raise LookupError(f"there is no run with the id {name}.") from None
    quoted = name.replace("'", "\\'") if '"' in name else name
    mark = "'" if '"' in name else '"'
    found = list(_search(client, f"attributes.run_name = {mark}{quoted}{mark}"))
    if not found and _BEGINNING.fullmatch(name):
        found = [run for run in _search(client, "") if run.info.run_id.startswith(name)]
    if not found:
        raise LookupError(
            f"no run is called '{name}' or has an id that begins so; what still waits in the spool is not seen"
            " (`python -m src.sync` delivers it)."
        )
    if len(found) > 1:
        some = "; ".join(_described(run) for run in found[:_LISTED])
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise LookupError(f"'{name}' may be {len(found)} runs; name one by the beginning of its id: {some}{more}.")
    return client.get_run(found[0].info.run_id)


def _search(client: Any, condition: str) -> Iterator[Any]:
    experiments, token = [experiment.experiment_id for experiment in client.search_experiments()], None
    while experiments:
        page = client.search_runs(experiments, condition, max_results=_PAGE, page_token=token)
        yield from page
        token = page.token
        if not token:
            return


def _described(run: Any) -> str:
    study = run.data.tags.get("study")
    return f"{run.info.run_id[:8]} ({run.info.run_name}{f' of study {study}' if study else ''})"


def _read(client: Any, run: Any, artifact: str, folder: Path) -> dict[str, Any]:
    run_id = run.info.run_id
    path = None
    if artifact in {item.path for item in client.list_artifacts(run_id)}:
        target = folder / run_id
        target.mkdir(parents=True, exist_ok=True)
        path = client.download_artifacts(run_id, artifact, str(target))
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return {
        "run": asdict(recorded(run)),
        "began_ms": run.info.start_time,
        "datasets": [(used.dataset.name, used.dataset.digest) for used in inputs],
        "histories": {name: _history(client, run_id, name) for name in run.data.metrics},
        "artifact": path,
    }


def _history(client: Any, run_id: str, name: str) -> list[tuple[int, float]]:
    """The first value at each step: a training logs its final metrics at its last epoch's step once more."""
    first: dict[int, float] = {}
    for metric in sorted(client.get_metric_history(run_id, name), key=lambda metric: metric.timestamp):
        first.setdefault(metric.step, metric.value)
    return sorted(first.items())


def _detailed(answer: Mapping[str, Any]) -> DetailedRun:
    return DetailedRun(
        run=RecordedRun(**answer["run"]),
        began_ms=int(answer["began_ms"] or 0),
        datasets=tuple((str(name), str(digest)) for name, digest in answer["datasets"]),
        histories={name: tuple((int(s), float(v)) for s, v in steps) for name, steps in answer["histories"].items()},
        artifact=None if answer["artifact"] is None else Path(answer["artifact"]),
    )


if __name__ == "__main__":
    print(json.dumps(read(**json.loads(sys.stdin.read()))))
