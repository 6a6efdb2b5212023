"""The project's programs, started with the libraries imported that they import."""

from pathlib import Path

from support import warm

ROOT = Path(__file__).parents[2]
# Not Ultralytics, which is prepared before it is imported, and nothing of the project, of which some tests run a copy.
LIBRARIES = (
    *("torch._dynamo", "torchvision", "cv2", "matplotlib.pyplot", "polars", "thop"),
    *("mlflow", "mlflow.store.tracking.sqlalchemy_store", "pandas", "pyarrow.parquet", "sklearn.ensemble", "jinja2"),
    *("plotly.graph_objects", "faster_coco_eval", "requests"),
)


def python() -> str:
    """Takes the place of `sys.executable`."""
    return warm.python(*warm.SWEEPER, *LIBRARIES)
