"""The page about a study, drawn by Optuna and plotly for real."""

import optuna
import pytest

from src.tracking.study_page import _importances, study_page

pytestmark = pytest.mark.integration


def study_of(values, directions=("maximize",)):
    study = optuna.create_study(study_name="<people>", directions=list(directions))
    for value in values:
        trial = study.ask()
        trial.suggest_float("train.lr0", 1e-4, 1e-1, log=True)
        trial.suggest_categorical("train.imgsz", [320, 416])
        study.tell(trial, value)
    return study


def test_the_page_stands_alone():
    """Four figures, one copy of plotly.js, no link to anywhere, the study's name escaped."""
    page = study_page(study_of([0.1, 0.4, 0.2, 0.5]))
    assert page.count('class="plotly-graph-div"') == 4
    assert page.count("<h1>&lt;people&gt;</h1>") == 1
    assert "<script src=" not in page
    assert len(page) < 6_000_000
    assert "Cannot be drawn" not in page


def test_the_importances_are_those_of_what_mattered():
    """In a small study whose results follow the image size alone, the image size is the important one."""
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.RandomSampler(seed=0))
    for _ in range(11):
        trial = study.ask()
        lr0, imgsz = trial.suggest_float("train.lr0", 1e-4, 1e-1, log=True), trial.suggest_categorical("imgsz", [3, 4])
        study.tell(trial, 0.2 * imgsz + 0.01 * lr0)
    figure = _importances(study)
    assert dict(zip(figure.data[0].y, figure.data[0].x, strict=True))["imgsz"] > 0.9


@pytest.mark.parametrize(("values", "reason"), [([0.3], "two completed"), ([0.3, 0.3, 0.3], "different values")])
def test_what_cannot_be_drawn_is_said(values, reason):
    """Importances of one trial, or of equal values, do not exist; the rest of the page does."""
    page = study_page(study_of(values))
    assert page.count("Cannot be drawn") == 1
    assert reason in page
    assert page.count('class="plotly-graph-div"') == 3


def test_a_study_without_results_has_a_page():
    """Nothing to draw is said once."""
    page = study_page(study_of([]))
    assert "No trial has completed" in page
    assert "plotly-graph-div" not in page


def test_several_objectives_have_a_pareto_front():
    """The front comes first, then how each objective depends on the parameters."""
    page = study_page(study_of([(0.1, 3.0), (0.4, 5.0)], ("maximize", "minimize")))
    assert "<h2>Pareto front</h2>" in page
    assert page.count('class="plotly-graph-div"') == 3
