"""The pictures and tables about an operating point."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import NDArray

from src.core.detections import DEFAULT_CONFIDENCE
from src.core.interval import Interval
from src.documents.metrics import PointMetrics
from src.documents.splits import TEST, VAL, BySplit
from src.documents.threshold import Threshold
from src.render.boxes import HIT, MISSED, WRONG
from src.render.figures import COLOURS, LINES, MARKERS, Line, frame, save, write_rows

_DEFAULT, _TUNED, _OTHER = "#666666", "#009E73", "#000000"
_SMALL_SCORE = 0.05  # thresholds below it need a logarithmic scale to be seen


class Bins(Protocol):
    """Scores against the shares that are right, in B bins, (B,) each."""

    @property
    def detections(self) -> NDArray[np.int64]: ...  # noqa: D102
    @property
    def mean_score(self) -> NDArray[np.float64]: ...  # noqa: D102
    @property
    def hit_rate(self) -> NDArray[np.float64]: ...  # noqa: D102
    @property
    def kept(self) -> NDArray[np.bool_]: ...  # noqa: D102
    @property
    def ece_kept(self) -> float: ...  # noqa: D102


def draw_precision_recall(path: Path, lines: Mapping[str, Line], threshold: Threshold) -> None:
    """Precision over recall with the operating point, its 95 % intervals, and other points.

    Args:
        path: Where to write the PNG.
        lines: By split, up to two.
        threshold: The choice; points without precision are not drawn.
    """
    tuned = _tuned(threshold)
    figure = Figure(figsize=(6.4, 5.2), layout="constrained")
    axes = figure.subplots()
    for (split, line), colour, dash, marker in zip(lines.items(), COLOURS, LINES, MARKERS, strict=False):
        axes.plot(line.recall, line.precision, color=colour, linestyle=dash, linewidth=1.4, label=f"{split}")
        if split in tuned and not np.isnan(tuned[split].precision.estimate):
            recall, precision = tuned[split].recall, tuned[split].precision
            axes.errorbar(
                recall.estimate,
                precision.estimate,
                xerr=_arms(recall),
                yerr=_arms(precision),
                color=colour,
                marker=marker,
                markersize=8,
                markeredgecolor="white",
                capsize=4,
                linewidth=1.6,
                label=f"{split}, tuned, with 95 % intervals",
                zorder=3,
            )
    for (name, (recall_at, precision_at)), marker in zip(_others(threshold).items(), "DXP^", strict=False):
        if not np.isnan(precision_at):
            axes.plot(recall_at, precision_at, marker, color=_OTHER, markersize=7, label=name, linestyle="", zorder=4)
    frame(axes, "recall", "precision", "Precision and recall (IoU 0.50)")
    axes.set_xlim(-0.01, 1.02)
    axes.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.13), ncols=2, frameon=False)
    save(figure, path)


def draw_f1(path: Path, lines: Mapping[str, Line], tuned: Interval | None, default: float) -> None:
    """F1 over the threshold, on the scale that the scores live on.

    Args:
        path: Where to write the PNG.
        lines: By split, up to two.
        tuned: The chosen threshold with its interval; None where there is none.
        default: The default threshold.
    """
    figure = Figure(figsize=(7.2, 4.4), layout="constrained")
    axes = figure.subplots()
    for (split, line), colour, dash in zip(lines.items(), COLOURS, LINES, strict=False):
        axes.plot(
            line.thresholds, line.f1, color=colour, linestyle=dash, linewidth=1.4, label=split, drawstyle="steps-mid"
        )
    axes.axvline(default, color=_DEFAULT, linewidth=1.2, linestyle=(0, (1, 2)), label=f"default {default:g}")
    if tuned is not None:
        axes.axvline(tuned.estimate, color=_TUNED, linewidth=1.6, label=f"tuned {tuned.estimate:.3g}")
        if not np.isnan(tuned.low):
            label = f"its 95 % interval, {tuned.low:.3g} to {tuned.high:.3g}"
            axes.axvspan(tuned.low, tuned.high, color=_TUNED, alpha=0.15, linewidth=0, label=label)
    small = _peak(lines) < _SMALL_SCORE if tuned is None else tuned.estimate < _SMALL_SCORE
    frame(axes, f"confidence threshold{' (log scale)' if small else ''}", "F1", "F1 by threshold (IoU 0.50)")
    _threshold_scale(axes, lines, small=small)
    axes.set_ylim(0, max(0.05, min(1.02, 1.15 * max((line.f1.max(initial=0) for line in lines.values()), default=1))))
    axes.legend(fontsize=8.5, loc="upper center", bbox_to_anchor=(0.5, -0.16), ncols=3, frameon=False)
    save(figure, path)


def draw_reliability(path: Path, tables: Mapping[str, Bins]) -> None:
    """The share of detections that are right over their score; on the diagonal, scores are what they look like.

    Args:
        path: Where to write the PNG.
        tables: By split, up to two.
    """
    figure = Figure(figsize=(5.4, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=_DEFAULT, linewidth=1, linestyle=(0, (1, 2)), label="well calibrated")
    for (split, table), colour, dash, marker in zip(tables.items(), COLOURS, LINES, MARKERS, strict=False):
        error = "" if np.isnan(table.ece_kept) else f", ECE of those kept {table.ece_kept:.3f}"
        label = f"{split}{error}" if len(table.detections) else f"{split}: no detections"
        axes.plot(table.mean_score, table.hit_rate, color=colour, linestyle=dash, linewidth=1, label=label)
        for kept, fill in ((True, colour), (False, "white")):
            part = table.kept == kept
            x, y = table.mean_score[part], table.hit_rate[part]
            axes.plot(x, y, linestyle="", marker=marker, markersize=6, color=colour, markerfacecolor=fill)
    highest = max((table.mean_score.max(initial=0) for table in tables.values()), default=1)
    frame(axes, "mean score of the bin", "share of its detections that are right", "Reliability (IoU 0.50)")
    axes.set_xlim(0, 1.02 if highest > 0.5 else 1.1 * highest or 1)
    hollow = Line2D([], [], linestyle="", marker="o", color=_DEFAULT, markerfacecolor="white")
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        [*handles, hollow],
        [*labels, "hollow: bins below the threshold"],
        fontsize=8.5,
        loc="upper center",
        bbox_to_anchor=(0.5, -0.13),
        ncols=1,
        frameon=False,
    )
    save(figure, path)


def draw_pairs(
    path: Path, pairs: Sequence[tuple[tuple[str, NDArray[np.uint8]], tuple[str, NDArray[np.uint8]]]]
) -> None:
    """Images side by side, a pair in each row.

    Args:
        path: Where to write the picture.
        pairs: Two titles with two RGB images, (H, W, 3), each.
    """
    shares = [max(image.shape[0] / image.shape[1] for _, image in pair) for pair in pairs]
    figure = Figure(figsize=(10, sum(5 * share + 0.35 for share in shares) + 0.4), layout="constrained")
    grid = figure.subplots(len(pairs), 2, squeeze=False, height_ratios=shares)
    for axes, (title, image) in zip(grid.ravel(), (half for pair in pairs for half in pair), strict=True):
        axes.imshow(image)
        axes.set_axis_off()
        axes.set_title(title, fontsize=9.5, pad=3)
    handles = [
        Line2D([], [], color=HIT, linewidth=2, label="found"),
        Line2D([], [], color=WRONG, linewidth=3.5, label="wrong"),
        Line2D([], [], color=MISSED, linewidth=2.5, linestyle="--", label="missed"),
    ]
    figure.legend(handles=handles, loc="outside lower center", ncols=3, fontsize=9.5, frameon=False)
    save(figure, path)


def write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Columns of equal length as CSV, for `dvc plots`."""
    write_rows(path, list(columns), zip(*(values.tolist() for values in columns.values()), strict=True))


def _tuned(threshold: Threshold) -> dict[str, PointMetrics]:
    """What the chosen point does on each split; empty where there is none."""
    on_val = None if threshold.val is None else threshold.val.tuned
    on_test = None if threshold.test is None else threshold.test.tuned
    return dict(BySplit(on_val, on_test).items())


def _others(threshold: Threshold) -> dict[str, tuple[float, float]]:
    """Recall and precision of the points to compare with."""
    others = {}
    if threshold.test is not None:
        default = threshold.test.default
        others[f"test, default {DEFAULT_CONFIDENCE:g}"] = (default.recall.estimate, default.precision.estimate)
    if reported := threshold.ultralytics:
        split = VAL if threshold.test is None else TEST
        others[f"{split}, as Ultralytics reports"] = (reported.recall, reported.precision)
    if nearest := threshold.nearest:
        others["val, nearest attainable"] = (nearest.recall, nearest.precision)
    return others


def _threshold_scale(axes: Axes, lines: Mapping[str, Line], *, small: bool) -> None:
    if not small:
        axes.set_xlim(0, 1)
        return
    lowest = min((line.thresholds.min(initial=1) for line in lines.values()), default=1e-3)
    axes.set_xscale("log")
    axes.set_xlim(max(lowest, 1e-4), 1)


def _peak(lines: Mapping[str, Line]) -> float:
    """The threshold of the best F1 of the first line; 1 where there is none."""
    line = next(iter(lines.values()))
    return float(line.thresholds[np.argmax(line.f1)]) if len(line.f1) else 1.0


def _arms(interval: Interval) -> NDArray[np.float64] | None:
    """Lengths below and above the estimate, (2, 1)."""
    if np.isnan(interval.low):
        return None
    arms = np.array([[interval.estimate - interval.low], [interval.high - interval.estimate]])
    return arms.clip(min=0)
