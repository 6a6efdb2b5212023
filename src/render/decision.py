"""The decision as a page: one content, written as Markdown and as a single HTML file that needs nothing beside it."""

import base64
import functools
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment

from src.render import templating

# What Markdown, and the HTML that it may hold, would take for something else than text.
_ESCAPES = str.maketrans(
    {c: f"\\{c}" for c in "\\`*_[]|"} | {"<": "&lt;", ">": "&gt;", "&": "&amp;", "\n": " ", "\r": " "}
)


@dataclass(frozen=True)
class Strip:
    """An interval and a limit, drawn: positions from 0 at the left to 100 at the right."""

    low: float
    estimate: float
    high: float
    limit: float

    @staticmethod
    def of(low: float, estimate: float, high: float, limit: float) -> "Strip":
        """The strip of four values, which fill it but for a margin on each side."""
        values = (low, estimate, high, limit)
        left, span = min(values), max(values) - min(values)
        return Strip(*(10 + 80 * (value - left) / span if span else 50 for value in values))


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        cells: One for each column.
        tone: What the row says at a glance: `good`, `bad`, `unsure`, `candidate` or nothing.
        strip: A drawing in a further column.
    """

    cells: tuple[str, ...]
    tone: str = ""
    strip: Strip | None = None


@dataclass(frozen=True)
class Table:
    """A table; a column whose title begins with `#` holds numbers."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row.cells) != len(self.columns):
                raise ValueError(f"A row has {len(row.cells)} cells for {len(self.columns)} columns: {row.cells}.")

    @property
    def heads(self) -> tuple[tuple[str, bool], ...]:
        """For each column its title, and whether it holds numbers."""
        return tuple((title.removeprefix("#"), title.startswith("#")) for title in self.columns)

    @property
    def has_strips(self) -> bool:
        """Whether any row has a drawing."""
        return any(row.strip is not None for row in self.rows)


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
        figures: The candidate beside the untrained weights.
        study: The candidate beside the runners-up; or why they are not there.
        gates: Limits, figures and judgements.
        pro: What speaks for it.
        contra: What speaks against it.
        tradeoff: Performance, latency and cost.
        robustness: Figures under corruptions; None where there are none.
        checks: What the sanity checks found.
        reasons: Of the verdict.
        next_steps: What to do.
        pictures: Plots.
    """

    title: str
    verdict: str
    tone: str
    summary: str
    objectives: tuple[str, ...]
    candidate: tuple[tuple[str, str], ...]
    parameters: tuple[tuple[str, str], ...]
    figures: Table
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
    environment.filters["md"] = _markdown_text
    environment.filters["md_table"] = _markdown_table
    environment.filters["md_link"] = lambda link: link.replace(" ", "%20").replace("(", "%28").replace(")", "%29")
    return environment


def _markdown_text(text: str) -> str:
    """Text that Markdown shows as it is."""
    return text.translate(_ESCAPES)


def _markdown_table(table: Table) -> str:
    """A table's rows, those of the candidate with their first words in bold."""
    lines = [[title for title, _ in table.heads], ["---:" if numeric else "---" for _, numeric in table.heads]]
    for row in table.rows:
        cells = [_markdown_text(cell) for cell in row.cells]
        lines.append([f"**{cell}**" if row.tone == "candidate" and cell else cell for cell in cells])
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
