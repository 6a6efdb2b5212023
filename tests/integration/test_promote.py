"""Models into the registry and back, on MLflow's real SQLite store."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from src.core.errors import ConfigError, RegistryError
from src.data.prepared import PreparedData
from src.detector.environment import thread_count
from src.detector.options import TrainOptions
from src.detector.suppression import suppress
from src.documents.monitor import Outcome
from src.documents.predictions import Predictions, folder_of
from src.evaluation.options import EvaluateOptions
from src.evaluation.output_agreement import output_agreement
from src.mlflow.options import TrackingOptions
from src.mlflow.registry.store import open_registry
from src.stages.monitor.arguments import MonitorArguments
from src.stages.monitor.record import record, save
from src.stages.monitor.stage import MonitorJob, monitor
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.rollback import roll_back
from src.stages.promote.stage import PromoteJob, promote
from tests.integration.judged_runs import STRICT, evaluated, judge_again, judged_run
from tests.integration.prepared import coco128_options
from tests.support import documents
from tests.support.stores import local_store

pytestmark = pytest.mark.integration

# What runs as it was evaluated gives the same to the last bit, its export the same but for rounding.
OFF_BY_PX = {"pytorch": 0, "onnx": 0.05}
# Run by a Python that knows MLflow and Ultralytics, but not this project.
STRANGER = """
import json, sys
from pathlib import Path
import mlflow, pandas as pd
try:
    import src
    sys.exit("this project can be imported")
except ModuleNotFoundError:
    pass
uri, backend, threads, *images = sys.argv[1:]
from ultralytics.utils import torch_utils
torch_utils.NUM_THREADS = int(threads)  # as in the evaluation: sums of other parts differ in their last digits
model = mlflow.pyfunc.load_model(uri, model_config={"backend": backend})
boxes = model.predict(pd.DataFrame({"image": [Path(image).read_bytes() for image in images]}))
print(json.dumps(boxes.to_dict("records")))
"""


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return local_store(tmp_path_factory.mktemp("store"))


@pytest.fixture(scope="module")
def data(coco128):
    """Photographs with all classes of COCO, so that the pretrained weights need no training."""
    return coco128.options("data.classes=[]")


@pytest.fixture(scope="module")
def coarse(data, real_data, tmp_path_factory):
    """A model that sees little."""
    return evaluated(tmp_path_factory.mktemp("coarse"), data, real_data / "yolov8n.pt", 64)


@pytest.fixture(scope="module")
def sharp(data, real_data, tmp_path_factory):
    """A model that sees more."""
    return evaluated(tmp_path_factory.mktemp("sharp"), data, real_data / "yolov8n.pt", 256)


@pytest.fixture(scope="module")
def job(store, data):
    def make(**arguments):
        return PromoteJob(
            arguments=PromoteArguments(**{"name": "detector", **arguments}),
            tracking=store,
            data=data,
            train=TrainOptions(device="cpu"),
            evaluate=EvaluateOptions(resamples=200),
            training=Path("nowhere"),
        )

    return make


@pytest.fixture(scope="module")
def coarse_run(store, coarse):
    return judged_run(store, coarse)


@pytest.fixture(scope="module")
def sharp_run(store, sharp):
    return judged_run(store, sharp)


def in_registry(store, name):
    with open_registry(store.uri) as registry:
        return registry.model(name)


@pytest.fixture(scope="module")
def staged(job, sharp_run):
    return promote(job(name="stranger", run=sharp_run))


@pytest.mark.slow
@pytest.mark.parametrize("backend", OFF_BY_PX)
def test_someone_without_this_project_gets_the_recorded_boxes(staged, store, sharp, tmp_path, backend):
    """Loaded by alias, in a process and a folder of its own, on all images of the test split."""
    recorded = Predictions.load(folder_of(sharp.folder / "evaluate", "test"))
    images = [str(sharp.evaluation.data.root / file) for file in recorded.truth.files]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    asked = subprocess.run(
        [sys.executable, "-c", STRANGER, "models:/stranger@staging", backend, str(thread_count(None)), *images],
        cwd=tmp_path,
        env=environment | {"MLFLOW_TRACKING_URI": store.uri, "YOLO_CONFIG_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert asked.returncode == 0, asked.stderr
    boxes = json.loads(asked.stdout.splitlines()[-1])

    point = sharp.threshold.point
    compared = output_agreement(
        boxes, suppress(recorded.raw, iou=point.iou, confidence=point.score), recorded.truth.class_names
    )
    print(f"{backend}: {compared}")
    assert compared.boxes > 20
    assert compared.box_px <= OFF_BY_PX[backend]
    assert compared.confidence <= 1e-4


def test_a_version_says_what_it_rests_on(staged, store, sharp, sharp_run):
    model = in_registry(store, "stranger")

    assert model.aliases == {"staging": 1}
    tags = model.versions[1].tags
    assert model.versions[1].run_id == sharp_run
    assert tags["status"] == "accepted"
    assert tags["data.digest"] == sharp.evaluation.data.digest
    assert float(tags["threshold"]) == sharp.threshold.point.score
    assert tags["gate.F1"].startswith("passed: test/F1 more than 0.01, found 0.")
    assert len(tags["git.commit"]) == 40
    assert staged.agreement["pytorch"].is_same


def test_a_model_that_is_registered_is_not_registered_again(staged, store, job, sharp_run):
    again = promote(job(name="stranger", run=sharp_run, alias="candidate"))

    assert (again.version.number, again.is_new, again.before) == (1, False, None)
    assert in_registry(store, "stranger").aliases == {"staging": 1, "candidate": 1}


def test_a_version_tells_the_gates_of_its_last_decision(job, store, sharp):
    run = judged_run(store, sharp)
    promote(job(name="judged", run=run))
    judge_again(store, sharp, run, {"sure": {"metric": "test/precision", "more_than": 0.1}})
    promote(job(name="judged", run=run, alias="production"))

    model = in_registry(store, "judged")
    gates = {name for name in model.versions[1].tags if name.startswith("gate.")}
    assert (model.aliases, gates) == ({"staging": 1, "production": 1}, {"gate.sure"})


def test_a_rejected_model_is_refused_with_the_reasons_or_recorded_without_an_alias(job, store, coarse):
    run = judged_run(store, coarse, STRICT)

    with pytest.raises(
        RegistryError, match=r"(?s)is rejected.*rejected@staging.*Failed: F1: test/F1 > 0.99"
    ) as refusal:
        promote(job(name="rejected", run=run))
    assert "record=rejected" in str(refusal.value)
    assert in_registry(store, "rejected").versions == {}

    recorded = promote(job(name="rejected", run=run, record="rejected"))
    model = in_registry(store, "rejected")
    assert (recorded.alias, model.aliases) == (None, {})
    assert model.versions[1].tags["status"] == "rejected"
    assert "Failed: F1" in model.versions[1].tags["reason"]


def test_what_is_accepted_cannot_be_recorded_as_rejected(job, coarse_run):
    with pytest.raises(RegistryError, match="leave record=rejected out"):
        promote(job(run=coarse_run, record="rejected"))


def test_production_is_won_defended_and_given_back(job, store, coarse_run, sharp_run):
    """The first needs no comparison; a worse one does not win, nor does a tie; rollbacks end at the first."""
    first = promote(job(name="won", run=coarse_run, alias="production"))
    won = promote(job(name="won", run=sharp_run, alias="production"))

    assert (first.against_incumbent, won.before, won.version.number) == (None, 1, 2)
    assert won.against_incumbent.f1.low > 0
    assert in_registry(store, "won").versions[2].tags["production.won"] == str(won.against_incumbent)
    with pytest.raises(RegistryError, match=r"Version 2 stays won@production: .* is worse: F1 -0\.\d+ \[-0"):
        promote(job(name="won", run=coarse_run, alias="production"))
    assert (
        promote(job(name="won", run=sharp_run, alias="production")).against_incumbent is None
    )  # it is production already

    back = roll_back(job(name="won", alias="production", rollback=True))
    assert (back.version.number, back.taken_from, back.left) == (1, 2, 0)
    model = in_registry(store, "won")
    assert model.aliases == {"production": 1}
    assert "production.rolled_back" in model.versions[2].tags
    with pytest.raises(RegistryError, match="nothing to go back to"):
        roll_back(job(name="won", alias="production", rollback=True))
    promote(job(name="won", run=sharp_run, alias="production"))
    assert "production.rolled_back" not in in_registry(store, "won").versions[2].tags


def test_a_tie_leaves_the_incumbent(job, store, sharp, sharp_run):
    promote(job(name="tie", run=sharp_run, alias="production"))

    with pytest.raises(RegistryError, match=r"not better beyond chance: F1 \+0\.000 \[-0\.308, \+0\.308\]"):
        promote(job(name="tie", run=judged_run(store, sharp), alias="production"))
    assert in_registry(store, "tie").aliases == {"production": 1}


def test_twice_in_a_row_goes_further_back(job, coarse_run, sharp_run, store, sharp):
    for run in (coarse_run, sharp_run, judged_run(store, sharp)):
        promote(job(name="steps", run=run))

    assert [roll_back(job(name="steps", rollback=True)).version.number for _ in range(2)] == [2, 1]


@pytest.mark.slow
def test_an_incumbent_from_other_data_is_evaluated_on_the_candidates(job, store, real_data, sharp_run, tmp_path):
    """Its weights come from the registry; without the data available that is said."""
    other = coco128_options(real_data, tmp_path / "data", "data.classes=[]", "data.split_seed=1")
    elsewhere = judged_run(store, evaluated(tmp_path / "other", other, real_data / "yolov8n.pt", 64))
    promote(job(name="moved", run=elsewhere, alias="production"))

    wanted = job(name="moved", run=sharp_run, alias="production")
    with pytest.raises(RegistryError, match=r"evaluated on other data.*has to be prepared.*no data set .* digest"):
        promote(replace(wanted, data=other))
    won = promote(wanted)

    assert won.against_incumbent.evaluated_here
    assert won.against_incumbent.f1.low > 0


@pytest.mark.parametrize(
    ("until", "message"),
    [
        pytest.param("decide", r"has no decision\. `python -m src\.decide`", id="no decision"),
        pytest.param("train", r"has no weights\..*tracking\.log_weights", id="no weights"),
    ],
)
def test_a_run_that_lacks_something_is_refused(job, store, coarse, until, message):
    with pytest.raises(RegistryError, match=message):
        promote(job(run=judged_run(store, coarse, until=until)))


def test_a_decision_about_other_weights_is_refused(job, store, coarse, real_data, tmp_path):
    """The weights of a run, exchanged after the fact."""
    import mlflow

    run = judged_run(store, coarse)
    (tmp_path / "best.pt").write_bytes((real_data / "yolov8n.pt").read_bytes() + b" ")
    mlflow.MlflowClient(store.uri).log_artifact(run, str(tmp_path / "best.pt"), "weights")

    with pytest.raises(RegistryError, match="another weights"):
        promote(job(run=run))


def test_a_run_that_nobody_knows_is_an_error(job):
    with pytest.raises(RegistryError, match="There is no run 0123456789abcdef0123456789abcdef"):
        promote(job(run="0123456789abcdef0123456789abcdef"))


def test_without_a_run_the_one_that_may_be_meant_is_named(job, tmp_path):
    replace(documents.training(), run_id="abc").write(tmp_path)

    with pytest.raises(ConfigError, match=r"run=ID\. The training in .* is run=abc\."):
        promote(replace(job(), training=tmp_path))


@pytest.mark.parametrize(
    ("tracking", "message"),
    [
        pytest.param({"uri": "sqlite:///nowhere/mlflow.db"}, "There is no MLflow store", id="no such file"),
        pytest.param({"uri": "http://127.0.0.1:9", "artifacts": ""}, "http://127.0.0.1:9 failed", id="no server"),
    ],
)
def test_a_registry_out_of_reach_is_one_clear_line(job, tmp_path, tracking, message):
    out_of_reach = TrackingOptions(**tracking, spool=str(tmp_path / "spool"))

    for wanted, given in ((promote, {"run": "abc"}), (roll_back, {"rollback": True})):
        elsewhere = replace(job(**given), tracking=out_of_reach)
        with pytest.raises(RegistryError, match=message) as error:
            wanted(elsewhere)
        assert "\n" not in str(error.value)


def test_nothing_can_be_promoted_where_nothing_is_recorded(job):
    with pytest.raises(ConfigError, match="tracking=none"):
        promote(replace(job(run="abc"), tracking=TrackingOptions(kind="none")))


def test_a_version_is_watched_and_another_one_tried_on_the_same_pictures(job, store, data, coarse_run, sharp_run):
    """Then the pictures become the reference. All windows are in one run."""
    promoted = promote(job(name="watched", run=coarse_run, alias="production"))
    promote(job(name="watched", run=sharp_run))
    pictures = PreparedData.load(data.folder).root

    def watched(**more):
        arguments = {"name": "watched", "images": f"{pictures}/images", "group": "picture", "output": "nowhere"}
        return monitor(MonitorJob(MonitorArguments(**arguments, **more), store, TrainOptions(device="cpu")))

    found = watched(labels=f"{pictures}/labels", against="staging")
    rebased = watched(rebase=True)
    later = watched()

    assert "compares production with val and test of" in promoted.monitoring
    assert found.document.outcome is Outcome.QUIET
    assert found.document.labelled.canary.difference.f1.low > 0
    assert rebased.document.outcome is Outcome.REBASED
    assert later.document.reference.startswith(f"{len(later.window.files)} scenes of production")
    assert {change.p for change in later.document.changes} == {1.0}


def test_the_windows_of_a_version_are_in_one_run_and_the_last_is_said_on_it(job, store, data, sharp_run, tmp_path):
    promote(job(name="recorded", run=sharp_run))
    pictures = PreparedData.load(data.folder).root
    arguments = MonitorArguments(name="recorded", alias="staging", images=f"{pictures}/images/test", output="nowhere")
    runs = []
    for _ in range(2):
        found = monitor(MonitorJob(arguments, store, TrainOptions(device="cpu")))
        save(found, tmp_path, 0.0)
        record(found, tmp_path, store)
        tags = in_registry(store, "recorded").versions[1].tags
        runs.append(tags["monitor.run"])

    assert found.document.outcome is Outcome.TOO_FEW
    assert tags["monitor"].startswith("too few scenes, ")
    assert runs[0] == runs[1]
    with open_registry(store.uri) as registry:
        [folder] = registry.files(runs[0], "monitor")
        assert [Path(file).name for file in registry.files(runs[0], folder)] == ["monitor.html", "monitor.json"]


def test_a_version_without_a_reference_says_how_it_gets_one(job, store, real_data, sharp_run, tmp_path):
    elsewhere = replace(job(name="without", run=sharp_run), data=coco128_options(real_data, tmp_path / "nowhere"))

    assert "has nothing to compare with: its data are not here" in promote(elsewhere).monitoring
    arguments = MonitorArguments(name="without", alias="staging", images=str(tmp_path), output="nowhere")
    with pytest.raises(RegistryError, match=r"Version 1 of without has no reference .* rebase=true"):
        monitor(MonitorJob(arguments, store, TrainOptions(device="cpu")))
