"""What an evaluation says at its end."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from src.core.interval import Interval
from src.documents.splits import BySplit
from src.render.printed.evaluation import latency_table, metrics_table, rare_classes, remarks, robustness_table, show
from tests.support import documents

UNKNOWN = Interval(float("nan"), float("nan"), float("nan"))


def test_each_split_stands_beside_the_starting_weights():
    table = metrics_table(documents.evaluation())
    titles = [column.title for column in table.columns]
    assert titles == ["metric", "val (400 images)", "val, untrained", "test (500 images)", "test, untrained"]
    assert table.texts(table.rows[0])[:2] == ("mAP50-95", "0.620 [0.600, 0.640]")


def test_a_metric_that_is_not_defined_is_a_dash():
    evaluation = documents.evaluation()
    split = evaluation.splits.test
    undefined = replace(split, metrics=replace(split.metrics, precision=UNKNOWN))
    table = metrics_table(replace(evaluation, splits=BySplit(test=undefined), untrained=BySplit()))
    assert table.texts(table.rows[2]) == ("precision", "–")


def test_the_images_as_they_are_come_before_the_corruptions():
    table = robustness_table(documents.evaluation())
    assert [row.cells[0] for row in table.rows] == ["(clean)", "night", "fog"]
    assert table.texts(table.rows[0])[1] == "0.820 [0.790, 0.850]"


def test_each_runtime_has_a_row():
    table = latency_table(documents.latency())
    assert [table.texts(row) for row in table.rows] == [
        ("pytorch", "20.0", "24.0", "30.0", "20.0 / 20.0 / 20.0", "48.0"),
        ("onnx", "20.0", "24.0", "30.0", "20.0 / 20.0 / 20.0", "61.0"),
    ]


@pytest.mark.parametrize(
    ("device", "title"),
    [
        ("cpu (2 threads)", "One image at a time, cpu (2 threads)"),
        ("NVIDIA H200", "One image at a time, pytorch on NVIDIA H200, onnx on the CPU"),
    ],
)
def test_each_runtime_is_shown_with_the_machine_that_it_ran_on(tmp_path, device, title):
    console = Console(width=140, record=True, file=io.StringIO())
    show(documents.evaluation(), replace(documents.latency(), device=device), tmp_path, console)
    assert title in [line.rstrip() for line in console.export_text().splitlines()]


@pytest.mark.parametrize(
    ("difference", "said"),
    [
        pytest.param(Interval(0.1, 0.05, 0.15), "better.", id="better"),
        pytest.param(Interval(-0.1, -0.15, -0.05), "WORSE than not training.", id="worse"),
        pytest.param(Interval(0.1, -0.05, 0.15), "no significant difference.", id="open"),
    ],
)
def test_the_interval_says_whether_training_helped(difference, said):
    evaluation = documents.evaluation()
    changed = replace(evaluation.difference.test, map50_95=difference)
    lines = remarks(replace(evaluation, difference=BySplit(test=changed)), documents.latency())
    [line] = [line for line in lines if line.startswith("Against the starting weights on test")]
    assert line.endswith(said)


def test_classes_that_are_no_part_of_map_are_named():
    own = replace(documents.split(10, 0.5, 0.3), rare_classes=tuple(f"class {n}" for n in range(12)))
    assert rare_classes("test", own) == (
        "mAP on test leaves out classes that too few images show, whose AP is mostly luck: "
        + ", ".join(f"class {n}" for n in range(10))
        + " and 2 more."
    )


def test_where_all_classes_are_rare_it_is_said_that_map_has_no_interval():
    own = documents.split(2, 0.5, 0.3)
    unknown = replace(own.metrics, map50=Interval(0.5, math.nan, math.nan))
    said = rare_classes("val", replace(own, rare_classes=("cat", "dog"), metrics=unknown))
    assert said == "Too few images of val show each class (cat, dog) for an interval of mAP, which is likely too high."
