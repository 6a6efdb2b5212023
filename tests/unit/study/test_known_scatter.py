"""How far seeds scatter, where a study itself does not say it."""

import math
from dataclasses import replace

import pytest

from src.core.errors import ConfigError
from src.documents.splits import DataSet
from src.study.comparison import Scatter
from src.study.known_scatter import known_scatter
from tests.support import documents
from tests.unit.study.studies import StudyMaker


@pytest.fixture
def former(tmp_path, monkeypatch):
    """A former study, found under any name."""
    made = StudyMaker(tmp_path / "former")
    monkeypatch.setattr("src.study.known_scatter.load_study", lambda *_: made.view)
    return made


def test_a_number_is_a_scatter_that_is_known(made):
    assert known_scatter("0.012", made.view, None) == Scatter(0.012, math.inf)


def test_a_former_study_says_it(made, former):
    former.repeated(0.5, 0.55)
    former.repeated(0.6, 0.65)
    made.trial(0.9)
    found = known_scatter("former", made.view, None)
    assert found.freedom == 2
    assert found.std == pytest.approx(0.05 / math.sqrt(2))


def test_one_on_other_data_does_not(made, former, tmp_path):
    for study, folder, digest in ((former, "a", "ab"), (made, "b", "cd")):
        replace(documents.training(), data=DataSet("people", digest * 32)).write(tmp_path / folder)
        study.repeated(0.5, 0.6, folder=str(tmp_path / folder))
    with pytest.raises(ConfigError, match="other data or from another model"):
        known_scatter("former", made.view, None)


@pytest.mark.parametrize("said", ["0", "-1", "nan", "inf"])
def test_what_is_no_scatter_is_refused(made, said):
    with pytest.raises(ConfigError, match="standard deviation above 0"):
        known_scatter(said, made.view, None)


def test_a_study_without_repeats_cannot_say_it(made, former):
    former.trial(0.5)
    with pytest.raises(ConfigError, match="no setting of that study has a second seed"):
        known_scatter("former", made.view, None)
