"""Where tests record."""

from pathlib import Path

from src.mlflow.options import TrackingOptions


def local_store(folder: Path, wait_s: float = 240) -> TrackingOptions:
    """MLflow's SQLite store, its artifacts and what waits for it, all in one folder."""
    return TrackingOptions(
        uri=f"sqlite:///{folder}/mlflow.db",
        artifacts=str(folder / "mlartifacts"),
        spool=str(folder / "spool"),
        wait_s=wait_s,
    )
