"""What monitoring says, on the terminal, as a page, and to Prometheus."""

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from src.documents.monitor import Outcome
from src.render.printed.monitor import RECALL_IS_UNKNOWN, as_html, show
from src.render.prometheus import as_text
from tests.support import documents


def printed(**changed):
    console = Console(file=io.StringIO(), width=120)
    show(replace(documents.monitor(), **changed), Path("here"), console)
    return " ".join(console.file.getvalue().split())


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "Alarm for version 3 of people (production): brightness has moved: median 0.1 for 0.5 of the reference."),
        ({"outcome": Outcome.QUIET}, "No change was found for version 3 of people (production) in 50 scenes."),
        ({"outcome": Outcome.TOO_FEW}, "Too few: 50 scenes in 60 pictures."),
        ({"outcome": Outcome.REBASED}, "The 50 scenes of night are the reference of version 3"),
        ({}, "1 files could not be read, such as half.jpg."),
        ({}, "calibrated scores let one expect it: 0.880 [0.850, 0.910]."),
        ({"labelled": None}, RECALL_IS_UNKNOWN),
        ({}, "staging (version 4) is better on the same 40 labelled pictures: F1 +0.060 [+0.030, +0.090]."),
        ({}, "a difference in F1 takes to be seen: 0.05 takes 15."),
        ({}, "jpeg 10%, night 100%"),
        ({}, "python -m src.train -m hydra/sweeper=optuna data=FOLDER"),
    ],
)
def test_what_was_found_is_said(changed, said):
    assert said in printed(**changed)


def test_where_nothing_was_found_nothing_is_to_be_done():
    assert "src.train" not in printed(outcome=Outcome.QUIET)


@pytest.mark.parametrize("outcome", Outcome)
def test_too_few_scenes_are_never_called_fine(outcome):
    assert "fine" not in printed(outcome=outcome).replace("refine", "")


def test_the_page_holds_its_pictures_and_escapes_their_names():
    html = as_html(documents.monitor(), [("<b>.jpg: brightness 0.05", b"jpeg")])

    assert "&lt;b&gt;.jpg: brightness 0.05" in html
    assert "data:image/jpeg;base64,anBlZw==" in html
    assert "http" not in html.replace("http-equiv", "")


def test_prometheus_gets_what_is_known():
    text = as_text(documents.monitor(), 12.0)
    which = 'alias="production",name="people"'

    assert f'detector_monitor_alarm{{{which},version="3"}} 1.0' in text
    assert f'detector_monitor_distance{{{which},statistic="brightness",version="3"}} 1.0' in text
    assert 'statistic="score",version="3"} 0.0' in text  # moved; it has no distance
    assert 'metric="recall",name="people",version="3"} 0.6' in text
