"""The page about a study, runs or data: words, tables and figures in one HTML file that needs no network."""

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from src.render import templating
from src.render.table import Table, Tone


@dataclass(frozen=True, eq=False)
class Plot:
    """A Plotly figure with its title, and a sentence on how to read it."""

    title: str
    reading: str
    figure: Any  # plotly.graph_objects.Figure, which is untyped

    def html(self, place: str) -> str:
        """The figure as a part of a page that has plotly.js in it.

        Args:
            place: What tells it from the page's other figures.
        """
        options = {"displaylogo": False, "responsive": True, "modeBarButtonsToRemove": ["lasso2d", "select2d"]}
        markup: str = self.figure.to_html(
            full_html=False, include_plotlyjs=False, div_id=f"figure-{place}", config=options
        )
        return markup


@dataclass(frozen=True)
class Tabulated:
    """A table with its title, and a sentence on how to read it; `drawn` names its drawings, `folded` hides it."""

    title: str
    reading: str
    table: Table
    drawn: str = ""
    folded: bool = False


@dataclass(frozen=True)
class Pictures:
    """Pictures in rows with their title, and a sentence on how to read them: a caption and a JPEG each."""

    title: str
    reading: str
    pictures: tuple[tuple[str, bytes], ...]

    @property
    def embedded(self) -> list[tuple[str, str]]:
        """The captions with the pictures as addresses that hold them."""
        return [(text, f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}") for text, jpeg in self.pictures]


@dataclass(frozen=True)
class Note:
    """Sentences under a title; also in place of a figure that cannot be drawn."""

    title: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    parts: Sequence[Plot | Tabulated | Pictures | Note]


@dataclass(frozen=True)
class ReportPage:
    """All that the page says.

    Attributes:
        kind: What the page is about, above its title: `Study`, `Comparison` or `Data`.
        title: The name of that.
        verdict: The most important sentence.
        tone: Of the verdict: `good`, `bad`, `unsure`.
        summary: The sentences that follow from the results, most important first.
        facts: Pairs of a name and a value.
        sections: The rest; those without parts are left out.
        footer: How the page was made.
        live: Whether the page follows a running search: it is served by `src.stages.report.live` then.
    """

    kind: str
    title: str
    verdict: str
    tone: Tone
    summary: tuple[str, ...] = ()
    facts: tuple[tuple[str, str], ...] = ()
    sections: tuple[Section, ...] = ()
    footer: str = ""
    live: bool = False
    plots: tuple[Plot, ...] = field(init=False)

    def __post_init__(self) -> None:
        shown = tuple(part for section in self.sections for part in section.parts if isinstance(part, Plot))
        object.__setattr__(self, "plots", shown)


def as_html(page: ReportPage) -> str:
    """The page with its style, its data, and one copy of plotly.js if it has a figure."""
    environment = templating.environment(html=True)
    environment.tests |= {kind.__name__.lower(): _is(kind) for kind in (Plot, Tabulated, Pictures, Note)}
    return environment.get_template("study.html.jinja").render(page=page, plotly_js=_plotly_js() if page.plots else "")


def running_html(counts: str, running: Table) -> str:
    """What runs now, as a part of a page that follows the search."""
    return templating.environment(html=True).get_template("running.html.jinja").render(counts=counts, running=running)


def _is(kind: type) -> Any:
    return lambda part: isinstance(part, kind)


def _plotly_js() -> str:
    from plotly.offline import get_plotlyjs  # a second, together with the figures

    text: str = get_plotlyjs()
    return text
