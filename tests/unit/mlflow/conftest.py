from pathlib import Path

import pytest

from src.mlflow.courier import process as courier_process
from src.mlflow.courier.courier import Courier
from src.mlflow.options import TrackingOptions
from tests.unit.mlflow.fake_store import FakeStore


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


@pytest.fixture
def options(tmp_path: Path) -> TrackingOptions:
    return TrackingOptions(uri="fake:store", spool=str(tmp_path / "spool"), wait_s=1.0)


@pytest.fixture
def courier(store, options, monkeypatch) -> Courier:
    """A courier in this process, which makes a round whenever a real one would be started."""
    courier = Courier(Path(options.spool), lambda _: store)
    monkeypatch.setattr(courier_process, "ensure_running", lambda _: courier.round())
    return courier
