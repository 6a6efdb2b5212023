"""What a search sees of a training: reports, pruning, refusal of dead parameters, and its runs in MLflow."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from src.core.detection_records import DetectionRecords
from tests.support.programs import python

pytestmark = pytest.mark.integration

REPOSITORY = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, sys
from pathlib import Path
from src.core.errors import TrainingError
from src.data.options import SyntheticOptions
from src.detector.options import ModelOptions, TrainOptions
from src.stages.train.reporting import Pruned
from src.stages.train.job import TrainJob
from src.stages.train.stage import train
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run

class Search:
    study_name = "study"

    def __init__(self, number, params, parent, prune_at=None):
        self.number, self.params, self.study_user_attrs = number, params, {"mlflow_run_id": parent}
        self.replicate = None
        self.reports, self.attributes, self.constraints, self._prune_at = [], {}, {}, prune_at

    def report(self, value, step):
        self.reports.append(step)

    def should_prune(self):
        return self.reports[-1] == self._prune_at

    def set_user_attr(self, key, value):
        self.attributes[key] = json.loads(json.dumps(value))

    def set_constraint(self, key, value):
        self.constraints[key] = value

tracking = TrackingOptions(artifacts="artifacts", wait_s=240)
parent = open_run(tracking, name="study")
data = SyntheticOptions(name="tiny", source="synthetic", images=32, splits={"train": 16, "val": 8, "test": 8},
                        backgrounds="keep", side=64)
common = dict(imgsz=64, epochs=3, batch=8, close_mosaic=0, threads=1, device="cpu")

def attempt(name, search, **settings):
    options = TrainOptions(**{**common, **settings})
    job = TrainJob(data, ModelOptions(architecture="yolov8n.yaml"), options, tracking, Path("runs") / name, "text: 1")
    try:
        ended = train(job, search).objective
    except (Pruned, TrainingError) as error:
        ended = f"{type(error).__name__}: {error}"
    return {"ended": ended, "reports": search.reports, "attributes": search.attributes,
            "constraints": search.constraints}

results = {
    "complete": attempt("complete", Search(0, {"train.lr0": 0.01}, parent.id), optimizer="SGD",
                        objective=["val/mAP50", "model/parameters", "deployed/mAP50-95"],
                        constraints={"latency_ms": "<= 1e6", "model/weights_mb": ">= 100"}),
    "pruned": attempt("pruned", Search(1, {"train.lr0": 0.02}, parent.id, prune_at=2), optimizer="SGD"),
    "dead": attempt("dead", Search(2, {"train.lr0": 0.03}, parent.id), optimizer="auto"),
}
parent.end(RunStatus.FINISHED)
from mlflow import MlflowClient
client = MlflowClient(tracking.uri)
runs = client.search_runs([client.get_experiment_by_name(tracking.experiment).experiment_id])
results["runs"] = {
    run.info.run_name: {"status": run.info.status, "tags": run.data.tags, "params": run.data.params,
                        "metrics": run.data.metrics, "files": [f.path for f in client.list_artifacts(run.info.run_id)]}
    for run in runs
}
Path("results.json").write_text(json.dumps(results))
"""


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """Three trials of one search: one that ends, one that is pruned, one that searches nothing."""
    folder = tmp_path_factory.mktemp("search")
    done = subprocess.run(
        [python(), "-c", SCRIPT],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return {"folder": folder, **json.loads((folder / "results.json").read_text())}


def test_a_trial_that_ends_returns_its_objectives_and_tells_the_search_all(results):
    """What the search's table, its verdict and the upload of the best weights need."""
    trial = results["complete"]
    attributes = trial["attributes"]
    assert trial["reports"] == [1, 2, 3]
    assert attributes["steps"] == 3
    metrics = attributes["metrics"]
    assert trial["ended"] == [metrics["val/mAP50"], 3011043.0, metrics["deployed/mAP50-95"]]
    assert {"untrained", "baseline_records", "records", "weights", "folder", "mlflow_run_id"} <= set(attributes)
    assert attributes["untrained val/mAP50"] == attributes["untrained"]["val/mAP50"]
    assert attributes["flags"] == ["mostly_warmup", "few_steps"]
    assert len(attributes["flag_messages"]) == 2
    assert attributes["optimizer_steps"] == attributes["metrics"]["train/optimizer_steps"]
    assert Path(attributes["weights"]).is_file()


def test_a_trial_says_by_how_much_it_breaks_its_constraints(results):
    """And what it had measured for that."""
    metrics = results["complete"]["attributes"]["metrics"]
    assert metrics["latency_ms"] > 0
    assert results["complete"]["constraints"] == {
        "latency_ms <= 1e+06": metrics["latency_ms"] - 1e6,
        "model/weights_mb >= 100": 100 - metrics["model/weights_mb"],
    }


def test_an_objective_as_deployed_is_there_for_the_starting_weights_too(results):
    """With the detections of both, from which intervals over images are made."""
    attributes = results["complete"]["attributes"]
    assert attributes["untrained"].keys() >= {"val/mAP50-95", "deployed/mAP50-95"}
    for name in ("deployed_records", "baseline_deployed_records"):
        assert DetectionRecords.load(Path(attributes[name])).positives.shape == (8, 1)


def test_a_pruned_trial_stops_where_it_is_and_leaves_no_weights(results):
    """A search makes hundreds of them."""
    assert results["pruned"]["ended"].startswith("Pruned: Pruned after epoch 2")
    folder = results["folder"] / "runs" / "pruned"
    assert not (folder / "weights").exists()
    assert len((folder / "results.csv").read_text().splitlines()) == 3
    assert json.loads((folder / "run.json").read_text())["status"] == "pruned"


def test_a_trial_that_searches_nothing_is_an_error_before_the_first_epoch(results):
    """With what to set instead."""
    assert results["dead"]["ended"].startswith("TrainingError: train.lr0 has no effect here")
    assert "train.optimizer=SGD" in results["dead"]["ended"]
    assert results["dead"]["reports"] == []


def test_every_trial_is_a_run_below_its_study_with_its_true_status(results):
    """Finished, pruned and failed ones are told apart."""
    runs = results["runs"]
    assert {name: run["status"] for name, run in runs.items()} == {
        "study": "FINISHED",
        "trial 0": "FINISHED",
        "trial 1": "KILLED",
        "trial 2": "FAILED",
    }
    assert runs["trial 1"]["tags"]["pruned"] == "true"
    assert "train.lr0 has no effect" in runs["trial 2"]["tags"]["reason"]
    assert len({run["tags"].get("mlflow.parentRunId") for name, run in runs.items() if name != "study"}) == 1


def test_a_run_records_what_was_searched_what_was_used_and_what_came_out(results):
    """Parameters by their keys in the configuration, metrics by their names everywhere."""
    run = results["runs"]["trial 0"]
    assert run["params"]["train.lr0"] == "0.01"
    assert run["params"]["train.optimizer"] == "SGD"
    assert run["params"]["data.name"] == "tiny"
    assert run["tags"]["flags"] == "mostly_warmup, few_steps"
    assert {"val/mAP50", "val/F1", "train/box_loss", "model/gflops", "untrained/val/mAP50"} <= set(run["metrics"])
    assert {"config.yaml", "results.csv"} <= set(run["files"])
    assert not {"weights", "plots"} & set(run["files"])
    assert not list((results["folder"] / "runs").rglob("*.png"))  # trials draw no pictures unless asked
