"""A study by its name, and what is said where there is none."""

import optuna
import pytest
from optuna_search import StudyView

from src.core.errors import ConfigError
from src.study.finished import load_study, overrides_of


@pytest.fixture
def storage(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    optuna.create_study(study_name="people", storage=url)
    return url


def test_it_is_found_by_its_name(storage):
    assert load_study(storage, "people").name == "people"


def test_a_study_that_cannot_be_opened_is_an_error_of_the_configuration(storage):
    with pytest.raises(ConfigError, match=r"no study 'poeple' in sqlite:.*Did you mean 'people'"):
        load_study(storage, "poeple")


def test_a_trial_whose_folder_is_gone_is_met_with_its_parameters():
    study = optuna.create_study()
    trial = study.ask()
    trial.set_user_attr("folder", "/not/there")
    trial.suggest_float("train.lr0 | train.optimizer=SGD", 0.1, 0.1)
    study.tell(trial, 1.0)
    with pytest.raises(ConfigError, match=r"not available .*not/there.*train\.lr0=0\.1"):
        overrides_of(StudyView.of(study).trials[0], "people")
