import csv
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from src.core.interval import Interval
from src.render.evaluation import (
    draw_confusion,
    draw_curves,
    draw_examples,
    draw_robustness,
    write_f1_table,
    write_pr_table,
    write_rows,
)
from src.render.figures import Line

BLUE, ORANGE = (0, 114, 178), (213, 94, 0)
NAN = float("nan")


def falling(highest: float = 0.9) -> Line:
    precision, recall = np.linspace(1, 0.2, 30), np.linspace(0.1, 0.8, 30)
    return Line(np.linspace(highest, 0.001, 30), precision, recall, 2 * precision * recall / (precision + recall))


EMPTY = Line(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))


def pixels_of(path: Path, colour) -> int:
    """How many pixels of a picture have a colour; the picture is all that its folder holds."""
    assert list(path.parent.iterdir()) == [path]
    with Image.open(path) as opened:
        image = np.asarray(opened.convert("RGB")).astype(int)
    return int((np.abs(image - colour).max(axis=2) < 8).sum())


def test_curves_of_both_splits_are_drawn(tmp_path):
    path = tmp_path / "plots" / "curves.png"
    draw_curves(path, {"val": falling(), "test": falling(0.5)}, 0.25)
    assert pixels_of(path, BLUE) > 500
    assert pixels_of(path, ORANGE) > 500


@pytest.mark.parametrize(
    "curve", [pytest.param(EMPTY, id="no points"), pytest.param(falling(0.04), id="all below the default")]
)
def test_a_curve_that_does_not_reach_the_default_threshold_is_no_error(tmp_path, curve):
    path = tmp_path / "curves.png"
    draw_curves(path, {"val": curve, "test": falling()}, 0.25)
    assert pixels_of(path, ORANGE) > 500


@pytest.mark.parametrize("classes", [1, 3, 9])
def test_a_confusion_matrix_is_darkest_where_the_hits_are(tmp_path, classes):
    """A perfect class is as dark as the scale goes; false alarms are light when they are few."""
    matrix = np.diag([*[40] * classes, 0])
    matrix[-1, 0] = 2
    path = tmp_path / "confusion.png"
    draw_confusion(path, matrix, [f"class {i}" for i in range(classes)], "test")
    with Image.open(path) as image:
        cells = pixels_of(path, (8, 48, 107)) / (image.width * image.height) * (classes + 1) ** 2
    assert 0.4 * classes < cells < classes


@pytest.mark.parametrize(
    "name",
    [r"$\foo$", "a$b$c", "[bold]", "\x1b[31m", "two\nlines", "人", "x" * 500],
    ids=["math", "$", "[", "ESC", "\\n", "CJK", "long"],
)
def test_any_name_can_be_drawn(tmp_path, name):
    """As a class and as a title: none is taken for a formula, and what the font lacks is no warning."""
    draw_confusion(tmp_path / "confusion.png", np.ones((2, 2), int), [name], name)
    assert (tmp_path / "confusion.png").stat().st_size > 1000


def test_hundreds_of_classes_are_drawn_in_time(tmp_path):
    """In colours only: of a thousand, the counts would be a million texts that nobody can read."""
    started = time.process_time()
    draw_confusion(tmp_path / "confusion.png", np.diag([1] * 200 + [0]), [f"class {i}" for i in range(200)])
    assert time.process_time() - started < 15


def test_without_boxes_the_matrix_is_drawn_too(tmp_path):
    path = tmp_path / "confusion.png"
    draw_confusion(path, np.zeros((2, 2), int), ["person"])
    assert pixels_of(path, (8, 48, 107)) == 0


def test_bars_are_as_high_as_the_figures(tmp_path):
    """Twice the recall, about twice the orange; a figure that there is not has no bar."""
    heights = []
    for recall in (0.4, 0.8, NAN):
        path = tmp_path / str(recall) / "robustness.png"
        clean = {"mAP50": Interval(0.7, 0.6, 0.8), "recall": Interval(0.9, NAN, NAN)}
        corrupted = {"fog": {"mAP50": Interval(0.5, 0.4, 0.6), "recall": Interval(recall, NAN, NAN)}}
        draw_robustness(path, clean, corrupted, ("mAP50", "recall"))
        assert pixels_of(path, BLUE) > 500
        heights.append(pixels_of(path, ORANGE))
    assert heights[1] == pytest.approx(2 * heights[0], rel=0.1)
    assert heights[2] < 50


@pytest.mark.parametrize("name", ["examples.png", "examples.jpg"])
def test_examples_stand_in_a_grid(tmp_path, name):
    """Seven pictures of two to one in rows of five; the ending says as what they are written."""
    orange = np.full((40, 80, 3), ORANGE, np.uint8)
    path = tmp_path / name
    draw_examples(path, {f"picture {i}": orange for i in range(7)})
    with Image.open(path) as image:
        width, height = image.size
        assert image.format == {"png": "PNG", "jpg": "JPEG"}[name[-3:]]
    assert width > 1.5 * height
    assert pixels_of(path, ORANGE) / (width * height) > 0.5


def test_tables_are_what_dvc_plots_reads(tmp_path):
    """One header, a row a point and class; an empty curve has none."""
    write_pr_table(tmp_path / "pr.csv", {"all": falling(), "cat": EMPTY})
    write_f1_table(tmp_path / "f1.csv", {"all": falling()})
    write_rows(tmp_path / "confusion.csv", ("actual", "predicted"), [("a person, sitting", "background")])
    with (tmp_path / "pr.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[0] == {"recall": "0.1", "precision": "1", "class": "all"}
    with (tmp_path / "f1.csv").open() as file:
        assert next(csv.DictReader(file)) == {"score": "0.9", "F1": "0.181818", "class": "all"}
    assert (tmp_path / "confusion.csv").read_text() == 'actual,predicted\n"a person, sitting",background\n'
