"""What a training says at its end."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from src.documents.training import Flag
from src.render.printed.training import metrics_table, remarks, show

METRICS = {"val/mAP50-95": 0.3, "val/mAP50": 0.5, "val/precision": 0.6, "val/recall": 0.7, "val/F1": 0.65}
METRICS |= {"train/optimizer_steps": 5.0, "train/seconds": 1.0, "train/box_loss": 0.123456}
FLAGS = (Flag("few_steps", "Only 5."),)


@pytest.mark.parametrize(("untrained", "said"), [(0.4, True), (0.2, False)])
def test_a_training_that_made_it_worse_is_called_so(untrained, said):
    """The most important line of all."""
    lines = remarks(METRICS, {"val/mAP50-95": untrained}, FLAGS)
    assert any("WORSE" in line for line in lines) is said
    assert "Flag few_steps: Only 5." in lines


def test_the_objectives_come_first_and_what_the_start_has_not_stays_empty():
    table = metrics_table(METRICS, {"val/mAP50-95": 0.25}, ("train/box_loss",))
    texts = [table.texts(row) for row in table.rows]
    assert texts[0] == ("train/box_loss (objective)", "0.1235", "", "")
    assert texts[1] == ("val/mAP50-95", "0.3", "0.25", "+0.0500")


def test_without_a_baseline_there_is_one_column_of_metrics():
    assert [column.title for column in metrics_table(METRICS, None, ("val/mAP50",)).columns] == ["metric", "trained"]


def test_folder_and_weights_are_printed_whole():
    console = Console(file=io.StringIO(), width=40)
    weights = Path("outputs") / ("long" * 20) / "best.pt"
    show(METRICS, None, objectives=(), flags=FLAGS, folder=weights.parent, weights=weights, console=console)
    assert f"Train on from it: python -m src.train model.weights={weights}" in console.file.getvalue()
