import pytest

from src.core.errors import TrackingError
from src.mlflow.options import TrackingOptions
from src.mlflow.runs.recorded import find_runs


def test_without_tracking_there_is_nothing_to_read(tmp_path):
    with pytest.raises(TrackingError, match="tracking=none"):
        find_runs(TrackingOptions(kind="none"), ["x"], artifact="", folder=tmp_path)


def test_a_missing_database_is_not_made(tmp_path):
    options = TrackingOptions(uri=f"sqlite:///{tmp_path}/mlflow.db", spool=str(tmp_path / "spool"))
    with pytest.raises(TrackingError, match="There is no MLflow store"):
        find_runs(options, ["x"], artifact="", folder=tmp_path)
    assert list(tmp_path.iterdir()) == []
