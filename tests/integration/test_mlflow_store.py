"""MLflow's SQLite store behind the `Store` protocol."""

import os
import warnings
from pathlib import Path
from typing import Any

import pytest

from src.core.errors import RegistryError
from src.mlflow.client import connected, new_client, translated, wait_longer_next_time
from src.mlflow.courier.store import Store
from src.mlflow.errors import StoreUnavailableError
from src.mlflow.registry.store import open_registry
from tests.contract.store_conformance import StoreConformance, Stored, new_run

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def uri(tmp_path_factory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('mlflow')}/mlflow.db"


@pytest.fixture(scope="module")
def mlflow_store(uri, tmp_path_factory):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow's own, on import
        from src.mlflow.courier.mlflow_store import MlflowStore

    store = MlflowStore(uri)
    folder = tmp_path_factory.mktemp("artifacts")
    for experiment in ("conformance", "another"):
        store._client.create_experiment(experiment, artifact_location=str(folder / experiment))
    return store


class TestMlflowStore(StoreConformance):
    """All that `StoreConformance` asks for, and what only MLflow's UI shows."""

    @pytest.fixture
    def store(self, mlflow_store):
        return mlflow_store

    @pytest.fixture(autouse=True)
    def client(self, mlflow_store, uri, tmp_path) -> None:
        self._client = new_client(uri)
        self._folder = tmp_path / "downloaded"

    def stored(self, store: Store, run_id: str) -> Stored:
        run = self._client.get_run(run_id)
        self._folder.mkdir(exist_ok=True)
        return Stored(
            name=run.info.run_name,
            status=run.info.status,
            parent_run_id=run.data.tags.get("mlflow.parentRunId"),
            tags=run.data.tags,
            params=run.data.params,
            metrics={
                name: [(metric.step, metric.value) for metric in self._client.get_metric_history(run_id, name)]
                for name in run.data.metrics
            },
            files={path: self._content(run_id, path) for path in self._files(run_id, "")},
            datasets=[(used.dataset.name, used.tags[0].value) for used in run.inputs.dataset_inputs],
            ended_ms=run.info.end_time,
        )

    def _files(self, run_id: str, folder: str) -> list[str]:
        found: list[Any] = self._client.list_artifacts(run_id, folder)
        below = [path for item in found if item.is_dir for path in self._files(run_id, item.path)]
        return [*(item.path for item in found if not item.is_dir), *below]

    def _content(self, run_id: str, path: str) -> bytes:
        return Path(self._client.download_artifacts(run_id, path, str(self._folder))).read_bytes()

    def test_the_ui_shows_who_ran_which_commit(self, store):
        tags = self.stored(store, store.create_run(new_run("one"))).tags
        assert (tags["mlflow.source.git.commit"], tags["mlflow.user"]) == ("abc", "somebody")


@pytest.mark.parametrize("error", [OSError("no way to http://me:word@server"), ValueError("postgresql://me:word@db")])
def test_a_password_in_an_address_is_not_told(error):
    with pytest.raises(StoreUnavailableError, match=r"failed: .*\*\*\*@") as found, translated("opening"):
        raise error
    assert "word" not in str(found.value)
    assert "\n" not in str(found.value)


def test_the_registry_finds_a_run_by_its_key_and_says_which_it_does_not_know(uri, mlflow_store):
    keys = [f"pending-{number:020d}-00000000" for number in range(2)]
    run_id = mlflow_store.create_run(new_run("one", key=keys[0]))
    with open_registry(uri) as registry:
        assert registry.run(keys[0]).run_id == registry.run(run_id).run_id == run_id
        for unknown in (keys[1], "0" * 32):
            with pytest.raises(RegistryError, match=f"^There is no run {unknown}"):
                registry.run(unknown)


def test_time_outs_grow_up_to_mlflows_own(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "50")
    for expected in ("100", "120", "120"):
        wait_longer_next_time()
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == expected


def test_a_connection_leaves_the_environment_as_it_was(uri, mlflow_store, monkeypatch):
    """What the user set holds, and nothing stays behind."""
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    before = dict(os.environ)
    with connected(uri):
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
        assert os.environ["MLFLOW_TRACKING_URI"] == uri
    assert dict(os.environ) == before
