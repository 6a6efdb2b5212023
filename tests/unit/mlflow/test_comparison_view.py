import base64
import json
import zlib

from src.mlflow.comparison_view import TAG_PREFIX, ComparisonView

VIEW = ComparisonView(
    "my study",
    ["train.lr0", "train.imgsz", "train.seed"],
    "val/mAP50-95",
    maximize=True,
    beside=["untrained/val/mAP50-95"],
)


def state_of(view):
    ((name, text),) = view.tag("run-1", 0).items()
    content = json.loads(text)
    assert name == TAG_PREFIX + view.key
    assert content["name"] == view.name
    return json.loads(zlib.decompress(base64.b64decode(content["state"].removeprefix("deflate;"))))


def test_the_view_shows_the_children_best_first():
    """Runs are filtered by their parent and ordered by the objective, in the study's direction."""
    state = state_of(VIEW)
    assert state["searchFilter"] == 'tags.`mlflow.parentRunId` = "run-1"'
    assert (state["orderByKey"], state["orderByAsc"]) == ("metrics.`val/mAP50-95`", False)
    assert state_of(ComparisonView("s", ["a"], "latency_ms", maximize=False))["orderByAsc"] is True


def test_the_searched_parameters_are_columns_and_axes():
    """The table and the parallel coordinates have all of them, the contour the first two."""
    state = state_of(VIEW)
    parallel, contour = state["compareRunCharts"]
    assert parallel["selectedParams"] == VIEW.params
    assert parallel["selectedMetrics"] == ["val/mAP50-95"]
    assert (contour["xaxis"]["key"], contour["yaxis"]["key"]) == ("train.lr0", "train.imgsz")
    assert {"params.`train.seed`", "metrics.`untrained/val/mAP50-95`"} <= set(state["selectedColumns"])


def test_a_single_parameter_has_no_contour():
    """A contour needs two axes."""
    (chart,) = state_of(ComparisonView("s", ["a"], "m", maximize=True))["compareRunCharts"]
    assert chart["type"] == "PARALLEL"


def test_a_view_of_many_parameters_fits_into_a_tag():
    """MLflow takes 5000 characters of an experiment's tag."""
    many = ComparisonView("s", [f"train.parameter_{n}" for n in range(100)], "val/mAP50-95", maximize=True)
    ((_, text),) = many.tag("run-1", 0).items()
    assert len(text) < 5000


def test_the_link_names_the_view():
    """The link opens the view as charts, on whatever server."""
    url = VIEW.url("http://server:5000/", "7")
    assert url.startswith("http://server:5000/#/experiments/7/runs?")
    assert f"viewStateShareKey={VIEW.key}" in url
