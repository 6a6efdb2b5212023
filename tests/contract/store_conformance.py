"""What every tracking store has to do: subclass `StoreConformance` in a test module of your own store.

class TestMyStore(StoreConformance):
@pytest.fixture
def store(self): return MyStore(...)

def stored(self, store, run_id): return Stored(...)
"""

import math
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from src.mlflow.comparison_view import ComparisonView
from src.mlflow.courier.store import DatasetUse, MetricValue, NewRun, Store
from src.mlflow.errors import RunNotFoundError, StoreRefusedError

KEY = "tracking.key"
EXPERIMENT = "conformance"
VIEW = ComparisonView("study", ["train.lr0"], "val/mAP50", maximize=True)
DATASET = DatasetUse("people", "data/people", "0" * 36, "training")


@dataclass(frozen=True)
class Stored:
    """A run as the store itself shows it.

    Attributes:
        name: Its name.
        status: `RUNNING`, `FINISHED`, `FAILED` or `KILLED`.
        parent_run_id: The run that it is shown under.
        tags: At least those that it was given.
        params: All of them.
        metrics: The steps and values of each, in the order of the steps.
        files: The content of each artifact by its path.
        datasets: Name and role of each data set.
        ended_ms: When it ended, in milliseconds since 1970.
    """

    name: str
    status: str
    parent_run_id: str | None
    tags: Mapping[str, str]
    params: Mapping[str, str]
    metrics: Mapping[str, Sequence[tuple[int, float]]]
    files: Mapping[str, bytes]
    datasets: Sequence[tuple[str, str]]
    ended_ms: int | None


def new_run(name: str, *, key: str = "", parent_run_id: str | None = None, experiment: str = EXPERIMENT) -> NewRun:
    """A run that is to begin, with a key that no other run has."""
    tags = {KEY: key or uuid.uuid4().hex, "kind": "test"}
    return NewRun(experiment, "", name, parent_run_id, tags, {"git.commit": "abc", "user": "somebody"}, 1)


def _log_params(store: Store, run_id: str, _: Path) -> None:
    store.log_params(run_id, {"train.lr0": "0.1", "train.epochs": "3"})


def _log_metrics(store: Store, run_id: str, _: Path) -> None:
    values = [(0, 0.1), (1, math.nan), (2, 0.1 + 0.2)]
    store.log_metrics(run_id, [MetricValue("val/mAP50", value, step, 1000 + step) for step, value in values])


def _set_tags(store: Store, run_id: str, _: Path) -> None:
    store.set_tags(run_id, {"best.run_id": "abc"})


def _log_artifacts(store: Store, run_id: str, folder: Path) -> None:
    store.log_artifacts(run_id, folder, "plots")


def _log_text(store: Store, run_id: str, _: Path) -> None:
    store.log_text(run_id, "train: {}\n", "config/resolved.yaml")


def _log_dataset(store: Store, run_id: str, _: Path) -> None:
    store.log_dataset(run_id, DATASET)


def _save_view(store: Store, run_id: str, _: Path) -> None:
    store.save_view(run_id, VIEW, 1000)


def _end_run(store: Store, run_id: str, _: Path) -> None:
    store.end_run(run_id, "FAILED", 2000)


def _resume_run(store: Store, run_id: str, _: Path) -> None:
    store.resume_run(run_id)


CALLS = (
    *(_log_params, _log_metrics, _set_tags, _log_artifacts, _log_text),
    *(_log_dataset, _save_view, _end_run, _resume_run),
)
every_call = pytest.mark.parametrize("call", CALLS, ids=lambda call: call.__name__.strip("_"))


class StoreConformance(ABC):
    """The tests; a subclass gives the fixture `store` and says how what it holds is read."""

    @abstractmethod
    def stored(self, store: Store, run_id: str) -> Stored:
        """A run as the store itself shows it."""

    @pytest.fixture
    def run_id(self, store: Store) -> str:
        return store.create_run(new_run("one"))

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        (tmp_path / "contents" / "deep").mkdir(parents=True)
        (tmp_path / "contents" / "a.png").write_bytes(b"picture")
        (tmp_path / "contents" / "deep" / "b.png").write_bytes(b"another")
        return tmp_path / "contents"

    def test_a_created_run_is_running_below_its_parent_with_its_tags(self, store: Store, run_id: str) -> None:
        child = self.stored(store, store.create_run(new_run("child", parent_run_id=run_id)))
        assert (child.name, child.status, child.parent_run_id) == ("child", "RUNNING", run_id)
        assert child.tags["kind"] == "test"
        assert self.stored(store, run_id).parent_run_id is None

    def test_a_run_is_found_by_its_key_in_its_experiment_only(self, store: Store) -> None:
        key = uuid.uuid4().hex
        assert store.find_run(experiment=EXPERIMENT, tag=KEY, value=key) is None
        run_id = store.create_run(new_run("one", key=key))
        store.create_run(new_run("other"))
        store.create_run(new_run("elsewhere", experiment="another"))
        assert store.find_run(experiment=EXPERIMENT, tag=KEY, value=key) == run_id
        assert store.find_run(experiment="another", tag=KEY, value=key) is None
        assert store.find_run(experiment="missing", tag=KEY, value=key) is None

    def test_runs_of_one_experiment_say_so(self, store: Store, run_id: str) -> None:
        other = store.create_run(new_run("other"))
        assert store.read_run(run_id).experiment_id == store.read_run(other).experiment_id != ""

    def test_the_others_of_a_key_are_deleted_and_not_known_afterwards(self, store: Store, run_id: str) -> None:
        key = uuid.uuid4().hex
        kept, second = (store.create_run(new_run("one", key=key)) for _ in range(2))
        for _ in range(2):
            store.delete_others(kept, experiment=EXPERIMENT, tag=KEY, value=key)
        assert store.find_run(experiment=EXPERIMENT, tag=KEY, value=key) == kept
        store.read_run(kept)
        store.read_run(run_id)
        with pytest.raises(RunNotFoundError):
            store.read_run(second)

    def test_what_is_recorded_can_be_read(self, store: Store, run_id: str, folder: Path) -> None:
        for call in CALLS[:-1]:
            call(store, run_id, folder)
        found = self.stored(store, run_id)
        assert found.params == dict(store.read_run(run_id).params) == {"train.lr0": "0.1", "train.epochs": "3"}
        assert repr(found.metrics["val/mAP50"]) == repr([(0, 0.1), (1, math.nan), (2, 0.1 + 0.2)])
        assert found.tags["best.run_id"] == "abc"
        assert found.files == {
            "plots/a.png": b"picture",
            "plots/deep/b.png": b"another",
            "config/resolved.yaml": b"train: {}\n",
        }
        assert list(found.datasets) == [("people", "training")]
        assert (found.status, found.ended_ms) == ("FAILED", 2000)

    @every_call
    def test_a_call_can_be_made_twice(
        self, store: Store, run_id: str, folder: Path, call: Callable[[Store, str, Path], None]
    ) -> None:
        """A courier that was killed makes its last call again; `repr` because NaN differs from itself."""
        call(store, run_id, folder)
        once = repr(self.stored(store, run_id))
        call(store, run_id, folder)
        assert repr(self.stored(store, run_id)) == once

    @every_call
    def test_a_run_that_is_not_there_is_refused(
        self, store: Store, run_id: str, folder: Path, call: Callable[[Store, str, Path], None]
    ) -> None:
        with pytest.raises(StoreRefusedError):
            call(store, "0123456789abcdef0123456789abcdef", folder)

    def test_a_parameter_keeps_its_first_value_and_the_others_are_recorded(self, store: Store, run_id: str) -> None:
        store.log_params(run_id, {"train.epochs": "3"})
        with pytest.raises(StoreRefusedError):
            store.log_params(run_id, {"train.epochs": "5", "train.lr0": "0.1"})
        assert store.read_run(run_id).params == {"train.epochs": "3", "train.lr0": "0.1"}

    def test_a_tag_has_its_last_value(self, store: Store, run_id: str) -> None:
        for value in ("first", "second"):
            store.set_tags(run_id, {"status": value})
        assert self.stored(store, run_id).tags["status"] == "second"

    def test_a_run_that_is_resumed_runs_again(self, store: Store, run_id: str) -> None:
        store.end_run(run_id, "KILLED", 2000)
        store.resume_run(run_id)
        assert self.stored(store, run_id).status == "RUNNING"
