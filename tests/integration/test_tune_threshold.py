"""`python -m src.tune_threshold` on predictions as the stage evaluate leaves them."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src.core.detections import FLOOR
from src.detector.suppression import suppress
from src.documents.predictions import Predictions, folder_of
from src.documents.threshold import Threshold
from src.passes.matched import match_at
from src.thresholds.criteria import best_f
from src.thresholds.curve import sweep
from src.thresholds.select import select
from tests.support import documents
from tests.support.predictions import SIDE, predictions
from tests.support.programs import python

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with an evaluation and the images that it is of."""
    folder = tmp_path_factory.mktemp("pipeline")
    for seed, parts in enumerate([("val",), ("test",), ("corrupted", "fog")]):
        found = predictions(seed)
        found.save(folder_of(folder / "evaluate", *parts))
        for file in found.truth.files:
            (folder / "prepared" / "drawn" / file).parent.mkdir(parents=True, exist_ok=True)
            Image.new("RGB", (SIDE, SIDE), "gray").save(folder / "prepared" / "drawn" / file)
    replace(documents.evaluation(), run_id=None).write(folder / "evaluate")
    return folder


def tune(place, name, *overrides):
    """The program's exit status, output, and folder."""
    command = [python(), "-m", "src.tune_threshold", "data.name=drawn", f"data.root={place / 'prepared'}"]
    command += [f"threshold.evaluation={place / 'evaluate'}", "threshold.resamples=100", "tracking=none"]
    command += [f"hydra.run.dir={place / name}", *overrides]
    done = subprocess.run(
        command, cwd=place, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr, place / name


@pytest.mark.parametrize("iou", [0.4, 0.7])
def test_deployment_keeps_exactly_the_boxes_that_were_chosen(iou):
    """NMS rerun with the frozen threshold as its confidence gives the boxes that the sweep counted."""
    found = predictions(0)
    everything = match_at(found, iou)
    for index, score in enumerate(sweep(everything.records, FLOOR).thresholds[:-1]):
        deployed = suppress(found.raw, iou=iou, confidence=float(score))
        np.testing.assert_array_equal(
            deployed.boxes_xyxy, everything.detections.where(everything.detections.scores > score).boxes_xyxy
        )
        assert len(deployed) >= index
    assert sweep(everything.records, FLOOR).thresholds[-1] >= FLOOR


def test_the_program_writes_the_operating_point(place):
    status, output, folder = tune(place, "tuned")
    found = Threshold.read(folder)
    views = {
        iou: match_at(Predictions.load(folder_of(place / "evaluate", "val")), iou) for iou in (0.4, 0.5, 0.6, 0.7, 0.8)
    }
    point = select({iou: sweep(each.records, FLOOR) for iou, each in views.items()}, best_f()).point
    assert status == 0, output
    assert (found.chosen.score, found.chosen.iou) == (point.score, point.iou)
    assert f"conf={point.score!r}" in output
    assert list(found.robustness) == ["fog"]
    assert len(list((folder / "plots").glob("*.png"))) == 4


def test_a_criterion_that_nothing_satisfies_ends_with_status_3_after_the_files_are_written(place):
    status, output, folder = tune(place, "infeasible", "threshold=recall_floor", "threshold.recall_floor=1")
    found = Threshold.read(folder)
    assert status == 3, output
    assert found.chosen is None
    assert 0 < found.nearest.recall < 1
    assert "NO THRESHOLD WAS CHOSEN" in output
    assert (folder / "plots" / "precision_recall.png").is_file()


def test_a_missing_evaluation_is_an_error_without_a_traceback(place):
    status, output, folder = tune(place, "nothing", "threshold.evaluation=nowhere")
    assert status == 1
    assert "There is no nowhere/evaluation.json: run `python -m src.evaluate`" in output
    assert "Traceback" not in output
    assert not (folder / "threshold.json").exists()
