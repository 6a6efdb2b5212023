"""The stages one after another on real photographs, then `python -m src.promote`, from an empty store to an alias."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from src.documents.monitor import Monitor, Outcome
from tests.support.programs import python

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(900)]

ROOT = Path(__file__).parents[2]
STAGES = ("train", "evaluate", "tune_threshold", "decide")
SMALL = [
    *("model=yolov8n", "train.imgsz=96", "train.epochs=1", "train.device=cpu", "train.baseline=false"),
    *("evaluate.corruptions=[]", "evaluate.resamples=100", "evaluate.latency_runs=1", "evaluate.latency_warmup=0"),
    *("evaluate.onnx=false", "threshold.resamples=100"),
    "~decide.gates.better_than_untrained",
    *(f"decide.gates.{gate}.more_than=0.001" for gate in ("precision", "mAP50", "recall", "F1")),
]


@pytest.fixture(scope="module")
def run_module(real_data, tmp_path_factory):
    """Runs an entry point with a store of the test's own; gives its exit status and output.

    tests/e2e/test_pipeline.py starts the stages by Python itself.
    """
    folder = tmp_path_factory.mktemp("promotion")
    common = ["data=coco128_person", f"data.archive={real_data / 'coco128.zip'}", f"data.root={folder / 'data'}"]
    common += [f"model.weights={real_data / 'yolov8n.pt'}", *SMALL, f"evaluate.training={folder / 'train'}"]
    common += [f"threshold.evaluation={folder / 'evaluate'}", f"decide.training={folder / 'train'}"]
    common += [f"decide.evaluation={folder / 'evaluate'}", f"decide.threshold={folder / 'tune_threshold'}"]
    common += [f"tracking.uri=sqlite:///{folder}/mlflow.db", f"tracking.artifacts={folder / 'mlartifacts'}"]
    common += [f"tracking.spool={folder / 'spool'}", "tracking.wait_s=240"]

    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"}

    def run(module: str, *arguments: str, program: str = sys.executable) -> tuple[int, str]:
        done = subprocess.run(
            [program, "-m", f"src.{module}", *common, *arguments],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr

    for stage in STAGES:
        status, output = run(stage, f"hydra.run.dir={folder / stage}", program=python())
        assert status == 0, output
    run.folder, run.common, run.environment = folder, common, environment
    return run


def test_what_the_stages_left_is_promoted_and_given_back(run_module):
    run_id = json.loads((run_module.folder / "train" / "training.json").read_text())["run_id"]

    status, output = run_module("promote", "name=person-detector")
    assert status == 1
    assert f"say which training's model, run=ID. The training in {run_module.folder}/train is run={run_id}." in output

    status, output = run_module("promote", f"run={run_id}", "name=person-detector")
    assert status == 0, output
    assert "person-detector@staging is version 1 now." in output
    assert "Loaded back with pytorch, against the boxes that src.evaluate recorded" in output

    status, output = run_module("promote", "--rollback", "name=person-detector")
    assert status == 1
    assert "person-detector@staging is version 1, and no version that still exists had it before" in output
    assert "Traceback" not in output


def test_the_promoted_model_answers_the_line_of_the_guide(run_module):
    """`python -m src.serve`, and the `curl` of docs/guides/serving.md as it stands there."""
    command = re.search(r"```sh\n(.+)\n```", (ROOT / "docs/guides/serving.md").read_text())[1]
    picture = next((run_module.folder / "data").rglob("images/test/*.jpg"))
    arguments = [sys.executable, "-m", "src.serve", *run_module.common, "name=person-detector", "port=0"]
    with subprocess.Popen(
        arguments, cwd=run_module.folder, env=run_module.environment, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            line = next((line for line in server.stdout if "answers at" in line), "")
            asked = command.replace("picture.jpg", str(picture)).replace("http://127.0.0.1:5050", line.split()[-1])
            answer = json.loads(subprocess.check_output(["bash", "-c", asked]))
        finally:
            server.terminate()

    assert "Version 1 of person-detector (staging)" in line
    assert answer["predictions"]
    assert {box["class"] for box in answer["predictions"]} == {"person"}


def test_the_promoted_model_is_watched(run_module):
    """Pictures of the kind that it was judged on, with labels; then some of them at night, without."""
    data = next(run_module.folder.glob("data/*/images/train")).parents[1]
    night = run_module.folder / "night"
    night.mkdir()
    for path in (data / "images" / "train").iterdir():
        Image.open(path).convert("RGB").point(lambda value: value // 4).save(night / f"{path.stem}.png")
    asked = ("name=person-detector", "alias=staging", "group=picture")

    status, output = run_module("monitor", *asked, f"images={data}/images", f"labels={data}/labels", "output=clean")
    clean = Monitor.read(run_module.folder / "clean")
    assert status == 0, output
    assert "No change was found for version 1 of person-detector (staging)" in output
    assert clean.outcome is Outcome.QUIET
    assert clean.labelled.pictures == clean.window.pictures == len(list((data / "images").glob("*/*.jpg")))

    status, output = run_module("monitor", *asked, "images=night", "output=night-found")
    assert status == 4, output
    assert "Alarm for version 1 of person-detector (staging): brightness has moved" in output
    assert "Recall cannot be known without labels" in output
    figures = (run_module.folder / "night-found" / "monitor.prom").read_text()
    assert 'detector_monitor_alarm{alias="staging",name="person-detector",version="1"} 1.0' in figures
    assert (run_module.folder / "night-found" / "monitor.html").read_text().count("data:image/jpeg") == 20
