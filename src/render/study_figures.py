"""The figures of a study's page that Optuna does not have, and the colours and the layout of all.

Blue are the trials that ran to their end, orange is the best, purple what was pruned, grey what failed; a dashed grey
line is what the starting weights reach. Where Optuna colours by value, darker is better.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from src.render.figures import COLOURS

BLUE, ORANGE, GREEN, PURPLE = COLOURS
GREY, GRID, INK = "#8A939C", "#E6E9EC", "#1C2126"
KINDS = {
    "best": (ORANGE, 1.0, 3),
    "complete": (BLUE, 0.45, 1.5),
    "pruned": (PURPLE, 0.8, 1.5),
    "failed": (GREY, 0.8, 1),
}
DASHES = ("solid", "dash", "dot")
FEW_EPOCHS = 20  # each gets its number under the axis

Figure = Any  # plotly.graph_objects.Figure, which is untyped


@dataclass(frozen=True)
class Mark:
    """A trial as the figures show it.

    Attributes:
        number: Its number.
        kind: `best`, `complete`, `pruned` or `failed`.
        label: What it was run with, for its hover text.
        value: Of the objective; None where it has none.
        minutes: When it ended, in minutes of the study's time; None where that is not known.
        steps: The steps of its learning curve.
        curve: The objective after each.
    """

    number: int
    kind: str
    label: str
    value: float | None = None
    minutes: float | None = None
    steps: tuple[int, ...] = ()
    curve: tuple[float, ...] = ()


@dataclass(frozen=True)
class Share:
    """A parameter's importance: the share, its interval, the largest share of shuffled results; whether it is real."""

    param: str
    share: float
    low: float
    high: float
    by_chance: float
    is_real: bool


def calm(figure: Figure, height: int, **layout: Any) -> Figure:
    """The layout that all figures share."""
    figure.update_layout(
        template="plotly_white",
        title=None,
        height=height,
        font={"family": 'system-ui, "Segoe UI", Helvetica, Arial, sans-serif', "size": 13, "color": INK},
        margin={"l": 70, "r": 40, "t": 40, "b": 60},
        paper_bgcolor="white",
        plot_bgcolor="white",
        hoverlabel={"bgcolor": "white"},
        legend={"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
    )
    figure.update_layout(**layout)
    return figure


def wall_clock(marks: Sequence[Mark], name: str, untrained: Mapping[str, float], *, maximize: bool) -> Figure:
    """The best value so far over the time that the study took, and when each trial ended."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    ended = sorted(
        (mark for mark in marks if mark.minutes is not None and mark.value is not None),
        key=lambda mark: mark.minutes or 0.0,
    )
    done = [mark for mark in ended if mark.kind in ("best", "complete")]
    best = max if maximize else min
    so_far: list[float] = []
    for mark in done:
        so_far.append(best([*so_far[-1:], mark.value or 0.0]))
    figure.add_scatter(
        x=[mark.minutes for mark in done],
        y=so_far,
        mode="lines",
        name="best so far",
        line={"color": ORANGE, "shape": "hv"},
    )
    for kind in ("complete", "best", "pruned"):
        some = [mark for mark in ended if mark.kind == kind]
        if some:
            colour = KINDS[kind][0]
            figure.add_scatter(
                x=[mark.minutes for mark in some],
                y=[mark.value for mark in some],
                mode="markers",
                name={"complete": "trial", "pruned": "pruned trial, its last report"}.get(kind, "best trial"),
                marker={"color": colour, "size": 8, "symbol": "x" if kind == "pruned" else "circle"},
                text=[f"trial {mark.number}<br>{mark.label}" for mark in some],
                hovertemplate="%{text}<br>%{y:.4f} after %{x:.1f} min<extra></extra>",
            )
    figure.update_layout(xaxis_title="minutes in which trials ran", yaxis_title=name)
    figure.update_xaxes(rangemode="tozero")
    return with_levels(calm(figure, 380), untrained)


def learning_curves(marks: Sequence[Mark], name: str, untrained: Mapping[str, float], step: str) -> Figure:
    """The objective after each epoch, of all trials; a pruned one ends in a cross."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    shown: set[str] = set()
    for mark in sorted(marks, key=lambda mark: mark.kind == "best"):  # the best on top
        if not mark.curve:
            continue
        colour, opacity, width = KINDS[mark.kind]
        crosses = ["x" if mark.kind in ("pruned", "failed") else "circle"]
        figure.add_scatter(
            x=mark.steps,
            y=mark.curve,
            mode="lines+markers",
            name=mark.kind if mark.kind != "complete" else "completed",
            legendgroup=mark.kind,
            showlegend=mark.kind not in shown,
            opacity=opacity,
            line={"color": colour, "width": width},
            marker={
                "size": [0 if len(mark.curve) > 1 else 5] * (len(mark.curve) - 1) + [8],
                "symbol": ["circle"] * (len(mark.curve) - 1) + crosses,
            },
            text=[f"trial {mark.number}<br>{mark.label}"] * len(mark.curve),
            hovertemplate=f"%{{text}}<br>%{{y:.4f}} at {step} %{{x}}<extra></extra>",
        )
        shown.add(mark.kind)
    figure.update_layout(xaxis_title=step, yaxis_title=name, hovermode="closest")
    figure.update_xaxes(dtick=1 if max(len(mark.curve) for mark in marks) <= FEW_EPOCHS else None)
    return with_levels(calm(figure, 420), untrained)


def run_curves(curves: Mapping[str, Sequence[tuple[int, float]]], name: str) -> Figure:
    """A metric after each epoch, of runs by their names; each has a colour and a line of its own."""
    from plotly import graph_objects

    figure = graph_objects.Figure()
    for place, (run, points) in enumerate(curves.items()):
        figure.add_scatter(
            x=[step for step, _ in points],
            y=[value for _, value in points],
            mode="lines+markers",
            name=run,
            line={
                "color": COLOURS[place % len(COLOURS)],
                "dash": DASHES[place // len(COLOURS) % len(DASHES)],
                "width": 2,
            },
        )
    figure.update_layout(xaxis_title="epoch", yaxis_title=name)
    figure.update_xaxes(dtick=1 if max(len(points) for points in curves.values()) <= FEW_EPOCHS else None)
    return calm(figure, 340, showlegend=True)


def importances(shares: Sequence[Share]) -> Figure:
    """The parameters' importances with their intervals, and what chance alone gives."""
    from plotly import graph_objects

    rows = list(reversed(shares))
    names = [row.param for row in rows]
    figure = graph_objects.Figure()
    figure.add_bar(
        x=[row.share for row in rows],
        y=names,
        orientation="h",
        width=0.55,
        marker={"color": [BLUE if is_real else "#C3CBD2" for is_real in (row.is_real for row in rows)]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [row.high - row.share for row in rows],
            "arrayminus": [row.share - row.low for row in rows],
            "color": INK,
            "thickness": 1.2,
            "width": 5,
        },
        hovertemplate="%{y}: %{x:.0%}<extra></extra>",
        showlegend=False,
    )
    figure.add_scatter(
        x=[row.by_chance for row in rows],
        y=names,
        mode="markers",
        name="what chance alone gives",
        marker={"symbol": "line-ns", "size": 26, "line": {"color": ORANGE, "width": 3}},
        hovertemplate="%{y}: shuffled results give up to %{x:.0%}<extra></extra>",
        showlegend=True,
    )
    figure.update_xaxes(
        title="share of the variance that the parameter explains alone", tickformat=".0%", range=[0, 1.02]
    )
    return calm(figure, 130 + 44 * len(rows), margin={"l": 140, "r": 30, "t": 40, "b": 60})


def with_levels(figure: Figure, levels: Mapping[str, float]) -> Figure:
    """Dashed lines at what the starting weights reach, named beside the figure."""
    if levels:
        figure.update_layout(margin_r=195)
    for text, level in levels.items():
        figure.add_hline(
            y=level,
            line={"color": GREY, "dash": "dash", "width": 1.5},
            annotation={"text": text, "font": {"color": GREY, "size": 12}},
            annotation_position="right",
        )
    return figure
