import base64
import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.render.decision import DecisionPage, Picture, as_html, as_markdown
from src.render.table import Row, Strip, Table, Tone, numbers, texts
from tests.support.documents import PNG

HOSTILE = '<script>alert(1)</script> | `a` [x](y) **b** & "q"'
GATES = Table(
    (*texts("judgement", "gate"), *numbers("value")),
    (
        Row(("passed", "recall", "0.8"), Tone.GOOD, Strip.of(0.7, 0.8, 0.9, 0.6)),
        Row(("undecided", "F1", "–"), Tone.UNSURE),
    ),
    ("A note.",),
)
PLAIN = Table((*texts("result"), *numbers("n")), (Row(("ok", "1"), Tone.CANDIDATE),))


@pytest.fixture
def page(tmp_path):
    plot = tmp_path / "f1 (val).png"
    plot.write_bytes(PNG)
    return DecisionPage(
        title="Decision: a on b",
        verdict="rejected",
        tone=Tone.BAD,
        summary="3 gates.",
        objectives=("recall: test/recall > 0.7",),
        candidate=(("MLflow run", "abc"),),
        parameters=(("train.lr0", "0.01"),),
        metrics=PLAIN,
        study="No study.",
        gates=GATES,
        pro=("Good.",),
        contra=(),
        tradeoff=PLAIN,
        robustness=PLAIN,
        checks=PLAIN,
        reasons=("It failed.",),
        next_steps=(),
        pictures=(Picture("f1 (val)", plot, "../plots/f1 (val).png"),),
    )


class Tags(HTMLParser):
    """Checks that every element is closed, and remembers the elements."""

    VOID = ("meta", "img", "line", "link", "br")

    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def parsed(html) -> Tags:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    return tags


def test_the_page_is_well_formed_and_needs_nothing_beside_it(page):
    tags = parsed(as_html(page))
    sources = [attrs[name] for _, attrs in tags.seen for name in ("src", "href") if name in attrs]
    assert sources == ["data:image/png;base64," + base64.b64encode(PNG).decode()]
    assert not [tag for tag, _ in tags.seen if tag in ("script", "link", "iframe")]


def test_the_sections_come_in_the_order_in_which_teams_write_them(page):
    wanted = [
        "Objectives and constraints",
        "Candidate",
        "Comparison",
        "Gates",
        "For and against",
        "Performance, latency and cost",
        "Robustness",
        "Risks found by the checks",
        "Verdict: rejected",
        "Pictures",
    ]
    assert re.findall(r"^## (.*)$", as_markdown(page), re.MULTILINE) == wanted
    assert re.findall(r"<h2>(.*)</h2>", as_html(page)) == wanted


@pytest.mark.parametrize("field", ["title", "verdict", "summary", "study"])
def test_names_cannot_smuggle_html_into_the_page(page, field):
    html = as_html(replace(page, **{field: HOSTILE}))
    assert "<script" not in html
    assert "&lt;script&gt;" in html.lower()


def test_neither_can_cells_and_lists(page):
    table = Table(texts("x"), (Row((HOSTILE,)),), (HOSTILE,))
    hostile = replace(
        page,
        gates=table,
        study=table,
        objectives=(HOSTILE,),
        parameters=((HOSTILE, HOSTILE),),
        contra=(HOSTILE,),
        pictures=(replace(page.pictures[0], title=HOSTILE),),
    )
    assert "<script" not in as_html(hostile)
    assert "<script" not in as_markdown(hostile)
    parsed(as_html(hostile))


@given(st.lists(st.text(), min_size=2, max_size=2))
def test_a_row_in_markdown_keeps_its_number_of_cells(cells):
    """Whatever the cells hold: bars, line breaks, backslashes."""
    text = as_markdown(_page_of(Table(texts("a", "b"), (Row(tuple(cells)),))))
    table = text[text.index("## Gates") :].split("## For and against")[0].strip()
    lines = re.split("[\r\n]", table)[2:]
    assert [len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in lines] == [3, 3, 3]


def _page_of(table):
    nothing = Table(texts("x"), ())
    return DecisionPage(
        *("t", "v", "bad", "s"), (), (), (), nothing, "-", table, (), (), nothing, None, nothing, (), (), ()
    )


def test_empty_lists_are_said_to_be_empty(page):
    assert "Against:\n\n- Nothing.\n" in as_markdown(page)
    assert "<li>Nothing.</li>" in as_html(page)


def test_a_picture_is_linked_with_its_name_quoted(page):
    assert "![f1 (val)](../plots/f1%20%28val%29.png)" in as_markdown(page)


def test_numbers_are_set_to_the_right(page):
    assert "| --- | --- | ---: |" in as_markdown(page)
    assert '<td class="number">0.8</td>' in as_html(page)


def test_an_interval_is_drawn_beside_its_limit(page):
    strips = [attrs for tag, attrs in parsed(as_html(page)).seen if tag == "line"]
    assert {attrs["class"] for attrs in strips} == {"limit", "interval", "estimate"}
