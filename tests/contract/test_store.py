"""The store that the courier's tests deliver to behaves as MLflow's does (tests/integration/test_mlflow_store.py)."""

import pytest

from src.mlflow.courier.store import Store
from tests.contract.store_conformance import StoreConformance, Stored
from tests.unit.mlflow.fake_store import FakeStore


class TestFakeStore(StoreConformance):
    """All that `StoreConformance` asks for, of the store in memory."""

    @pytest.fixture
    def store(self) -> FakeStore:
        return FakeStore()

    def stored(self, store: Store, run_id: str) -> Stored:
        assert isinstance(store, FakeStore)
        run = store.runs[run_id]
        once = dict.fromkeys((metric.name, metric.step, repr(metric.value)) for metric in run.metrics)
        return Stored(
            name=run.name,
            status=run.status,
            parent_run_id=run.parent_run_id,
            tags=run.tags,
            params=run.params,
            metrics={
                name: [(step, float(value)) for other, step, value in sorted(once) if other == name]
                for name in {metric.name for metric in run.metrics}
            },
            files=run.files,
            datasets=list(dict.fromkeys((use.name, use.context) for use in run.datasets)),
            ended_ms=run.ended_ms,
        )
