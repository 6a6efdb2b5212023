"""The decision as a page: one content, written as Markdown and as a single HTML file that needs nothing beside it."""

import base64
import functools
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from src.render import templating
from src.render.table import Table, Tone, markdown_text
from src.render.table import as_markdown as table_as_markdown


@dataclass(frozen=True)
class Picture:
    """A plot: its title, its file, and where that lies as seen from the page."""

    title: str
    path: Path
    link: str

    @property
    def data(self) -> str:
        """The file as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.path.read_bytes()).decode()


@dataclass(frozen=True)
class DecisionPage:
    """All that the page says, in the order in which it says it.

    Attributes:
        title: Heading.
        verdict: One word.
        tone: Of the verdict, as a row's.
        summary: What the verdict rests on, in a sentence.
        objectives: What was wanted.
        candidate: What is judged, as pairs of a name and a value.
        parameters: With what it was trained, likewise.
        metrics: The candidate beside the starting weights.
        study: The candidate beside the runners-up; or why they are not there.
        gates: Limits, measurements and judgements.
        pro: Arguments for it.
        contra: Arguments against it.
        tradeoff: Performance, latency and cost.
        robustness: Values under corruptions; None where there are none.
        checks: What the sanity checks found.
        reasons: Of the verdict.
        next_steps: What to do.
        pictures: Plots.
    """

    title: str
    verdict: str
    tone: Tone
    summary: str
    objectives: tuple[str, ...]
    candidate: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    metrics: Table
    study: Table | str
    gates: Table
    pro: tuple[str, ...]
    contra: tuple[str, ...]
    tradeoff: Table
    robustness: Table | None
    checks: Table
    reasons: tuple[str, ...]
    next_steps: tuple[str, ...]
    pictures: tuple[Picture, ...]


def as_markdown(page: DecisionPage) -> str:
    """The page in GitHub's Markdown; pictures are links to the files of the earlier stages."""
    return _render("decision.md.jinja", page, html=False)


def as_html(page: DecisionPage) -> str:
    """The page as HTML with its style and pictures in it."""
    return _render("decision.html.jinja", page, html=True)


def _render(template: str, page: DecisionPage, *, html: bool) -> str:
    return _environment(html).get_template(template).render(page=page)


@functools.cache
def _environment(html: bool) -> Environment:
    environment = templating.environment(html=html)
    environment.filters["md"] = markdown_text
    environment.filters["md_table"] = table_as_markdown
    environment.filters["md_link"] = lambda link: link.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    return environment
