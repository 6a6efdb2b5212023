"""What a confirmation found: kept in the study, read again, put into words."""

import optuna
import pytest
from optuna_search import StudyView, open_study

from src.core.errors import DataError
from src.study.confirmation import Retrained, confirm
from src.study.confirmed import CONFIRMATION, confirmation_of, confirming_study, document, keep_confirmation
from src.study.pages.confirmation import remarks, settings_table, survival


def found(*means, seeds=(1, 2, 3)):
    """A confirmation of trials 0, 1, …, each with so little scatter that every difference is significant."""
    settings = [
        Retrained(trial, 0.9, {seed: mean + 0.001 * seed for seed in seeds}) for trial, mean in enumerate(means)
    ]
    params = [{"train.lr0": 0.01 * (trial + 1), "train.imgsz": 160} for trial in range(len(means))]
    return document(
        confirm(settings),
        params,
        study="people",
        metric="val/mAP50-95",
        judged_by="val/mAP50-95",
        seeds=[1, 2, 3],
        replaced=[0] * (len(seeds) < 3),
    )


def test_a_study_keeps_what_its_last_confirmation_found(tmp_path):
    storage = f"sqlite:///{tmp_path}/studies.db"
    optuna.create_study(study_name="people", storage=storage)
    assert confirmation_of(open_study(storage, "people")) is None
    keep_confirmation(storage, found(0.5, 0.6))
    keep_confirmation(storage, found(0.6, 0.5))
    assert confirmation_of(open_study(storage, "people")) == found(0.6, 0.5)


def test_a_confirmation_of_another_version_is_refused_by_name():
    study = optuna.create_study(study_name="people")
    study.set_user_attr(CONFIRMATION, {"version": 0})
    with pytest.raises(DataError, match="study people: version"):
        confirmation_of(StudyView.of(study))


def test_a_winner_that_does_not_survive_is_called_so_with_the_one_that_does():
    text = survival(found(0.5, 0.6, 0.4))
    assert text.startswith(
        "The search's winner, trial 0, does not survive: with fresh seeds trial 1 is the best; +0.1000"
    )
    assert "better with a probability of over 99%" in text


def test_a_winner_that_survives_is_called_so():
    assert survival(found(0.6, 0.5)).startswith("The search's winner, trial 0, survives")
    assert "trained alone" in survival(found(0.6))


def test_settings_without_a_significant_difference_are_named():
    assert "No significant difference from it: trial 1; more seeds would narrow that." in survival(found(0.6, 0.5999))


def test_the_table_shows_the_parameters_that_differ_and_marks_the_winner():
    table = settings_table(found(0.5, 0.6))
    assert [column.title for column in table.columns][:3] == ["trial", "lr0", "in the search"]
    assert [(row.cells[0], str(row.tone)) for row in table.rows] == [(0, ""), (1, "best")]
    assert table.texts(table.rows[0])[3:6] == ("0.5020", "0.0010", "3")


def test_missing_and_replaced_seeds_are_said():
    lines = "\n".join(remarks(found(0.6, 0.5, seeds=(1, 2))))
    assert (
        f"Trial 1 is judged without the seeds 3, whose trainings failed; the study {confirming_study('people', 1)}"
        in lines
    )
    assert "The search had used the seeds 0" in lines
    assert "python -m src.freeze +study=people +trial=0" in lines
