"""Runs as the store has them, found by id, by the beginning of an id or by name, with their metrics' histories."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.core.errors import TrackingError
from src.core.secrets import without_credentials
from src.mlflow.client import connected, translated
from src.mlflow.errors import RunNotFoundError
from src.mlflow.options import TrackingOptions

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_ID = re.compile(r"[0-9a-f]{32}")
_BEGINNING = re.compile(r"[0-9a-f]{4,31}")
_PAGE = 1000
_LISTED = 5


@dataclass(frozen=True)
class RecordedRun:
    """A run as the store has it.

    Attributes:
        run_id: The store's id.
        name: What it is called.
        status: `FINISHED`, `FAILED`, `KILLED` (a pruned trial is), `RUNNING` or `SCHEDULED`.
        params: Its parameters, as text.
        metrics: The last value of each of its metrics.
        tags: Its tags, those of MLflow itself left out; of a trial they hold `study`, `trial` and `objective`.
        began_ms: When it began, in milliseconds since 1970.
        duration_s: From its start to its end; None while it runs.
        datasets: Name and digest of the data sets that it used.
        histories: Of each metric the first value at each step, in the order of the steps.
        artifact: The file that was asked for, on this machine; None where the run has none of that name.
    """

    run_id: str
    name: str
    status: str
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    began_ms: int
    duration_s: float | None
    datasets: Sequence[tuple[str, str]]
    histories: Mapping[str, Sequence[tuple[int, float]]]
    artifact: Path | None


def find_runs(
    options: TrackingOptions, names: Sequence[str], *, artifact: str, folder: Path
) -> tuple[RecordedRun, ...]:
    """The runs with these ids, beginnings of ids (four characters or more) or names, in this order.

    Args:
        options: Where they are recorded; they may be of any experiment there.
        names: What is looked for.
        artifact: A file among their artifacts to fetch.
        folder: Where to, each into a folder named after its run.

    Side effects: those of `src.mlflow.client.connected`; writes into the folder.

    Raises:
        TrackingError: nothing is recorded with these options, the store cannot be read, or knows no or several such
            runs.
    """
    if options.kind == "none":
        raise TrackingError("Nothing is recorded with tracking=none; name the store that the runs were recorded in.")
    with connected(options.uri) as client, translated(f"reading runs from {without_credentials(options.uri)}"):
        return tuple(_read(client, _found(client, name), artifact, folder) for name in names)


def _found(client: "MlflowClient", name: str) -> Any:
    """The run of a name.

    Raises:
        TrackingError: there is none, or there are several.
    """
    if _ID.fullmatch(name):
        try:
            with translated(f"reading run {name}"):
                return client.get_run(name)
        except RunNotFoundError as error:
            raise TrackingError(f"There is no run with the id {name} in the store.") from error
    quoted = name.replace("'", "\\'") if '"' in name else name
    mark = "'" if '"' in name else '"'
    found = list(_search(client, f"attributes.run_name = {mark}{quoted}{mark}"))
    if not found and _BEGINNING.fullmatch(name):
        found = [run for run in _search(client, "") if run.info.run_id.startswith(name)]
    if not found:
        raise TrackingError(
            f"In the store no run is called '{name}' or has an id that begins so. What still waits in the spool is not"
            " seen: `python -m src.sync` delivers it."
        )
    if len(found) > 1:
        some = "; ".join(_described(run) for run in found[:_LISTED])
        more = f"; and {len(found) - _LISTED} more" if len(found) > _LISTED else ""
        raise TrackingError(
            f"{len(found)} runs are called '{name}' or have an id that begins so; name one by the beginning of its id:"
            f" {some}{more}."
        )
    return client.get_run(found[0].info.run_id)


def _search(client: "MlflowClient", condition: str) -> Iterator[Any]:
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


def _read(client: "MlflowClient", run: Any, artifact: str, folder: Path) -> RecordedRun:
    run_id, began, ended = run.info.run_id, run.info.start_time, run.info.end_time
    path = None
    if artifact in {item.path for item in client.list_artifacts(run_id)}:
        target = folder / run_id
        target.mkdir(parents=True, exist_ok=True)
        path = Path(client.download_artifacts(run_id, artifact, str(target)))
    inputs = run.inputs.dataset_inputs if run.inputs else []
    return RecordedRun(
        run_id=run_id,
        name=run.info.run_name,
        status=run.info.status,
        params=dict(run.data.params),
        metrics=dict(run.data.metrics),
        tags={name: value for name, value in run.data.tags.items() if not name.startswith("mlflow.")},
        began_ms=int(began or 0),
        duration_s=None if ended is None else (ended - began) / 1000,
        datasets=tuple((used.dataset.name, used.dataset.digest) for used in inputs),
        histories={name: _history(client, run_id, name) for name in run.data.metrics},
        artifact=path,
    )


def _history(client: "MlflowClient", run_id: str, name: str) -> tuple[tuple[int, float], ...]:
    """The first value at each step: a training logs its final metrics at its last epoch's step once more."""
    first: dict[int, float] = {}
    for metric in sorted(client.get_metric_history(run_id, name), key=lambda metric: metric.timestamp):
        first.setdefault(metric.step, metric.value)
    return tuple(sorted(first.items()))
