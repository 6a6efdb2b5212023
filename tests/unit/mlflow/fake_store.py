"""A tracking store in memory that can be told to fail."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier.store import DatasetUse, MetricValue, NewRun, StoredRun
from src.mlflow.errors import RunNotFoundError, StoreRefusedError, StoreUnavailableError


@dataclass
class FakeRun:
    """What the fake store knows of a run."""

    name: str
    tags: dict[str, str]
    parent_run_id: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    experiment: str = ""
    params: dict[str, str] = field(default_factory=dict)
    metrics: list[MetricValue] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    datasets: list[DatasetUse] = field(default_factory=list)
    status: str = "RUNNING"
    ended_ms: int | None = None


class FakeStore:
    """A store that records calls.

    `is_down` makes it unavailable, `fails` single methods of it; `refuses` names methods that it does not take. While
    it `is_late` it makes runs only once it catches up, when nobody waits for the answer any more.
    """

    def __init__(self) -> None:
        self.runs: dict[str, FakeRun] = {}
        self.views: dict[str, tuple[str, ComparisonView]] = {}
        self.calls: list[str] = []
        self.is_down = False
        self.loses_answers = False
        self.is_late = False
        self.refuses: set[str] = set()
        self.fails: set[str] = set()
        self.artifacts = ""
        self._late: list[FakeRun] = []

    def run_named(self, name: str) -> FakeRun:
        """The only run of that name."""
        (run,) = [run for run in self.runs.values() if run.name == name]
        return run

    def contents(self) -> str:
        """All that is stored, as text; equal values of metrics and uses of data are one, as they are in MLflow."""
        once = [
            replace(
                run, metrics=list(dict.fromkeys(map(repr, run.metrics))), datasets=list(dict.fromkeys(run.datasets))
            )
            for run in self.runs.values()
        ]
        return "\n".join(map(repr, [*zip(self.runs, once, strict=True), *self.views.items()]))

    def create_run(self, run: NewRun) -> str:
        self._enter("create_run")
        self.artifacts = run.artifacts
        made = FakeRun(run.name, dict(run.tags), run.parent_run_id, run.environment, run.experiment)
        if self.is_late:
            self._late.append(made)
            raise StoreUnavailableError("there was no answer in time")
        run_id = f"id-{len(self.runs)}"
        self.runs[run_id] = made
        if self.loses_answers:
            raise StoreUnavailableError("the answer was lost")
        return run_id

    def find_run(self, *, experiment: str, tag: str, value: str) -> str | None:
        self._enter("find_run")
        return next(iter(self._with_tag(experiment, tag, value)), None)

    def delete_others(self, run_id: str, *, experiment: str, tag: str, value: str) -> None:
        self._enter("delete_others")
        for other in self._with_tag(experiment, tag, value):
            if other != run_id:
                del self.runs[other]

    def catch_up(self) -> None:
        """Make the runs that are late."""
        self.is_late = False
        self.runs |= {f"late-{number}": run for number, run in enumerate(self._late)}

    def resume_run(self, run_id: str) -> None:
        self._run("resume_run", run_id).status = "RUNNING"

    def read_run(self, run_id: str) -> StoredRun:
        return StoredRun("7", dict(self._run("read_run", run_id).params))

    def log_params(self, run_id: str, params: Mapping[str, str]) -> None:
        run = self._run("log_params", run_id)
        refused = {name for name, value in params.items() if run.params.get(name, value) != value}
        run.params |= {name: value for name, value in params.items() if name not in refused}
        if refused:
            raise StoreRefusedError(f"{refused} have other values")

    def log_metrics(self, run_id: str, metrics: Sequence[MetricValue]) -> None:
        self._run("log_metrics", run_id).metrics += metrics

    def set_tags(self, run_id: str, tags: Mapping[str, str]) -> None:
        self._run("set_tags", run_id).tags |= tags

    def log_artifacts(self, run_id: str, contents: Path, folder: str) -> None:
        run = self._run("log_artifacts", run_id)
        for file in filter(Path.is_file, contents.rglob("*")):
            run.files[str(Path(folder) / file.relative_to(contents))] = file.read_bytes()

    def log_text(self, run_id: str, text: str, name: str) -> None:
        self._run("log_text", run_id).files[name] = text.encode()

    def log_dataset(self, run_id: str, use: DatasetUse) -> None:
        self._run("log_dataset", run_id).datasets.append(use)

    def end_run(self, run_id: str, status: str, time_ms: int) -> None:
        run = self._run("end_run", run_id)
        run.status, run.ended_ms = status, time_ms

    def save_view(self, run_id: str, view: ComparisonView, time_ms: int) -> None:
        self._run("save_view", run_id)
        self.views[view.key] = (run_id, view)

    def _with_tag(self, experiment: str, tag: str, value: str) -> list[str]:
        return [
            run_id for run_id, run in self.runs.items() if run.experiment == experiment and run.tags.get(tag) == value
        ]

    def _enter(self, method: str) -> None:
        self.calls.append(method)
        if self.is_down or method in self.fails:
            raise StoreUnavailableError("the store is down")
        if method in self.refuses:
            raise StoreRefusedError(f"{method} is refused")

    def _run(self, method: str, run_id: str) -> FakeRun:
        self._enter(method)
        if run_id not in self.runs:
            raise RunNotFoundError(f"there is no run {run_id}")
        return self.runs[run_id]
