"""The pictures and tables of an evaluation: curves, confusion, robustness, examples of corrupted images."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from src.core.interval import Interval
from src.render.figures import COLOURS, LINES, Line, frame, save, write_rows

# More counts in a matrix cannot be read, and take minutes to draw (a million texts of a thousand classes); nor can more
# names beside it.
_MOST_COUNTS, _MOST_NAMES = 41, 101
_LONGEST_NAME = 40  # characters


def draw_curves(path: Path, curves: Mapping[str, Line], confidence: float) -> None:
    """Precision over recall and F1 over the score, in one picture.

    Args:
        path: Where to write the PNG.
        curves: By name, e.g. `val` and `test`; up to four. Those without points are said to be empty in the legend.
        confidence: The default threshold, which is marked.
    """
    figure = Figure(figsize=(10, 4.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for (name, curve), colour, line in zip(curves.items(), COLOURS, LINES, strict=False):
        label = name if len(curve.thresholds) else f"{name}: no curve (no boxes or no detections)"
        left.plot(curve.recall, curve.precision, color=colour, linestyle=line, label=label)
        right.plot(curve.thresholds, curve.f1, color=colour, linestyle=line, label=label)
        at = np.flatnonzero(curve.thresholds > confidence)[-1:]  # what is kept at the default
        left.plot(curve.recall[at], curve.precision[at], "o", color=colour)
        right.plot(curve.thresholds[at], curve.f1[at], "o", color=colour)
    lowest = min([0.01, *(float(curve.thresholds[-1]) for curve in curves.values() if len(curve.thresholds))])
    right.axvline(confidence, color="#666666", linewidth=1, linestyle=(0, (1, 2)))
    right.text(confidence, 0.02, f"default {confidence:g} ", color="#666666", ha="right", va="bottom", fontsize=9)
    frame(left, "recall", "precision", "Precision and recall (IoU 0.50)")
    frame(right, "confidence threshold (log scale)", "F1", "F1 by threshold (IoU 0.50)")
    left.set_xlim(-0.01, 1.01)
    right.set_xscale("log")
    right.set_xlim(max(lowest, 1e-4), 1)
    left.legend(loc="lower left", title=f"dots: default threshold {confidence:g}", fontsize=9, title_fontsize=9)
    save(figure, path)


def draw_confusion(path: Path, matrix: NDArray[np.int64], class_names: Sequence[str], title: str = "") -> None:
    """A confusion matrix with its counts; the colour says their share of the row's boxes, of all boxes in the last row.

    Of more classes than can be read, the colours only; the axes are numbered by class then.

    Args:
        path: Where to write the PNG.
        matrix: Rows are true and columns predicted classes, the background last, (C + 1, C + 1).
        class_names: The C classes.
        title: What it is of.
    """
    names = [
        *(name if len(name) <= _LONGEST_NAME else f"{name[:_LONGEST_NAME]}…" for name in class_names),
        "background",
    ]
    side = float(np.clip(1.1 * len(names) + 2.0, 4.4, 16))
    figure = Figure(figsize=(side, side * 0.86), layout="constrained")
    axes = figure.subplots()
    boxes = matrix.sum(axis=1)
    boxes[-1] = boxes[:-1].sum()  # false alarms have no boxes of their own
    shares = matrix / np.maximum(boxes, 1)[:, None]
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    size = float(np.clip(90 / len(names), 5, 13))
    for row, column in np.ndindex(*matrix.shape) if len(names) <= _MOST_COUNTS else ():
        # that nothing was found where nothing is cannot be counted
        text = "–" if row == column == len(names) - 1 else str(matrix[row, column])
        colour = "white" if shares[row, column] > 0.55 else "black"
        axes.text(column, row, text, ha="center", va="center", color=colour, fontsize=size)
    if len(names) <= _MOST_NAMES:
        many = len(names) > 3
        axes.set_xticks(range(len(names)), names, rotation=30 if many else 0, ha="right" if many else "center")
        axes.set_yticks(range(len(names)), names, rotation=0 if many else 90, va="center")
    axes.set_xlabel("predicted (background: missed)")
    axes.set_ylabel("actual (background: false alarm)")
    axes.set_title(title, fontsize=11)
    save(figure, path)


def draw_robustness(
    path: Path, clean: Mapping[str, Interval], corrupted: Mapping[str, Mapping[str, Interval]], names: Sequence[str]
) -> None:
    """Bars of each value under each corruption, with whiskers for the intervals and a line for the clean images.

    Args:
        path: Where to write the PNG.
        clean: The values on the images as they are, by name.
        corrupted: The same by corruption and name.
        names: Which values are drawn, one panel each.
    """
    figure = Figure(figsize=(max(6.0, 1.1 * len(corrupted) + 2), 2.9 * len(names)), layout="constrained")
    panels = figure.subplots(len(names), 1, sharex=True, squeeze=False)[:, 0]
    places = np.arange(len(corrupted))
    for axes, name, colour in zip(panels, names, COLOURS, strict=False):
        values = [figures[name] for figures in corrupted.values()]
        _bars(axes, places, values, colour)
        axes.axhline(clean[name].estimate, color="black", linewidth=1.2, linestyle="--", label="clean images")
        axes.axhspan(
            clean[name].low,
            clean[name].high,
            color="#000000",
            alpha=0.08,
            linewidth=0,
            zorder=0,
            label="its 95 % interval",
        )
        frame(axes, "", name, "")
    panels[0].legend(loc="lower left", bbox_to_anchor=(0, 1.0), ncols=2, fontsize=9, frameon=False)
    panels[-1].set_xticks(places, list(corrupted))
    save(figure, path)


def draw_examples(path: Path, pictures: Mapping[str, NDArray[np.uint8]], columns: int = 5) -> None:
    """Pictures in a grid with their names above them.

    Args:
        path: Where to write the picture; the ending says as what (`.png`, `.jpg`).
        pictures: RGB, (H, W, 3) each, by name.
        columns: How many stand side by side.
    """
    rows = -(-len(pictures) // columns)
    height, width = next(iter(pictures.values())).shape[:2]
    figure = Figure(figsize=(3 * columns, (3 * height / width + 0.3) * rows), layout="constrained")
    cells = figure.subplots(rows, columns, squeeze=False).ravel()
    for axes in cells:
        axes.set_axis_off()
    for axes, (name, picture) in zip(cells, pictures.items(), strict=False):
        axes.imshow(picture)
        axes.set_title(name, fontsize=10, pad=3)
    save(figure, path)


def write_pr_table(path: Path, curves: Mapping[str, Line]) -> None:
    """The columns recall, precision and class as CSV, for `dvc plots`."""
    rows = (
        (recall, precision, name)
        for name, curve in curves.items()
        for recall, precision in zip(curve.recall.tolist(), curve.precision.tolist(), strict=True)
    )
    write_rows(path, ("recall", "precision", "class"), rows)


def write_f1_table(path: Path, curves: Mapping[str, Line]) -> None:
    """The columns score, F1 and class as CSV, for `dvc plots`."""
    rows = (
        (score, f1, name)
        for name, curve in curves.items()
        for score, f1 in zip(curve.thresholds.tolist(), curve.f1.tolist(), strict=True)
    )
    write_rows(path, ("score", "F1", "class"), rows)


def _bars(axes: Axes, places: NDArray[np.int64], values: Sequence[Interval], colour: str) -> None:
    estimates = np.array([value.estimate for value in values])
    axes.bar(places, np.nan_to_num(estimates), width=0.6, color=colour)
    for place, value in zip(places.tolist(), values, strict=True):
        if np.isnan(value.estimate):
            axes.text(place, 0.02, "none", ha="center", va="bottom", fontsize=9)
            continue
        if not np.isnan(value.low):
            axes.plot([place, place], [value.low, value.high], color="black", linewidth=1.2, marker="_", markersize=9)
        axes.text(place + 0.06, value.estimate, f" {value.estimate:.2f}", ha="left", va="bottom", fontsize=8)
