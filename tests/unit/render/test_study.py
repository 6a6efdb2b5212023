"""The page as a document: it stands alone, escapes what it is given, and has one copy of plotly.js if it needs one."""

import plotly.graph_objects as go
import pytest

from src.render.study import Note, Plot, ReportPage, Section, Tabulated, as_html
from src.render.study_figures import Mark, Share, importances, learning_curves, run_curves, wall_clock
from src.render.table import Row, Table, numbers, texts


def page(*parts, **changes):
    given_ = {"kind": "Study", "title": "people", "verdict": "Fine.", "tone": "good"}
    return ReportPage(**{**given_, "sections": (Section("Part", parts),), **changes})


def test_a_page_without_figures_needs_no_plotly():
    text = as_html(page(Note("Why", ("Because.",))))
    assert "Because." in text
    assert len(text) < 30_000


def test_a_page_has_one_copy_of_plotly_for_all_figures():
    plot = Plot("Line", "It goes up.", go.Figure(go.Scatter(x=[0, 1], y=[0, 1])))
    text = as_html(page(plot, plot))
    assert text.count('class="plotly-graph-div"') == 2
    assert 'id="figure-1-1"' in text
    assert 'id="figure-1-2"' in text
    assert len(text) < 6_000_000
    assert "<script src=" not in text


def test_tables_are_escaped_and_can_be_folded():
    table = Table((*texts("name"), *numbers("value")), (Row(("<i>a</i>", 1)),))
    text = as_html(page(Tabulated("Numbers", "Look.", table, folded=True)))
    assert "<i>a" not in text
    assert "<details><summary>Numbers</summary>" in text


def test_a_section_without_parts_is_not_there():
    assert "Nothing here" not in as_html(page(sections=(Section("Nothing here", ()),)))


def test_the_best_so_far_never_falls_back():
    marks = [Mark(n, "complete", "", value, float(n)) for n, value in enumerate((0.2, 0.5, 0.4))]
    figure = wall_clock(marks, "val/mAP50", {"untrained": 0.3}, maximize=True)
    assert list(figure.data[0].y) == [0.2, 0.5, 0.5]
    assert [shape.y0 for shape in figure.layout.shapes] == [0.3]
    assert list(wall_clock(marks, "s", {}, maximize=False).data[0].y) == [0.2, 0.2, 0.2]


def test_a_pruned_curve_ends_in_a_cross_and_the_best_is_on_top():
    marks = [
        Mark(0, "best", "", 0.5, steps=(1, 2), curve=(0.1, 0.5)),
        Mark(1, "pruned", "", None, steps=(1, 2), curve=(0.1, 0.2)),
        Mark(2, "failed", ""),
    ]
    pruned, best = learning_curves(marks, "val/mAP50", {}, "epoch").data
    assert pruned.marker.symbol == ("circle", "x")
    assert (best.name, best.line.color) == ("best", "#D55E00")


def test_a_share_that_is_not_real_is_grey():
    bars = importances(
        [Share("lr0", 0.6, 0.4, 0.8, 0.3, is_real=True), Share("freeze", 0.1, 0.0, 0.3, 0.4, is_real=False)]
    ).data[0]
    assert dict(zip(bars.y, bars.marker.color, strict=True)) == {"lr0": "#0072B2", "freeze": "#C3CBD2"}
    assert dict(zip(bars.y, bars.error_x.array, strict=True)) == {
        "lr0": pytest.approx(0.2),
        "freeze": pytest.approx(0.2),
    }


def test_five_runs_have_five_lines():
    figure = run_curves({f"run {n}": [(1, 0.1), (2, 0.2)] for n in range(5)}, "val/mAP50")
    assert len({(trace.line.color, trace.line.dash) for trace in figure.data}) == 5
