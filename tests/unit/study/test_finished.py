"""A study by its name, and what is said where there is none."""

import optuna
import pytest

from src.core.errors import ConfigError
from src.study.finished import load_study, overrides_of


@pytest.fixture
def storage(tmp_path):
    url = f"sqlite:///{tmp_path}/studies.db"
    optuna.create_study(study_name="people", storage=url)
    return url


def test_it_is_found_by_its_name(storage):
    assert load_study(storage, "people").study_name == "people"


def test_a_misspelt_name_is_met_with_the_nearest_one(storage):
    with pytest.raises(ConfigError, match=r"no study 'poeple' in sqlite:.*Did you mean 'people'"):
        load_study(storage, "poeple")


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        pytest.param("journal:not/there", r"no file of studies not/there", id="no such journal"),
        pytest.param("sqlite:////not/there.db", r"cannot be read: .*unable to open", id="no such database"),
        pytest.param(
            "postgresql+psycopg://me:sesame@127.0.0.1:1/x", r"\*\*\*@127.0.0.1:1/x cannot be read", id="no server"
        ),
        pytest.param("mysql://me:sesame@host/x", r"\*\*\*@host/x cannot be read: .*DB access module", id="no driver"),
    ],
)
def test_a_storage_that_cannot_be_read_is_named_without_its_password(storage, message):
    with pytest.raises(ConfigError, match=message) as caught:
        load_study(storage, "people")
    assert "sesame" not in str(caught.value)


def test_a_trial_whose_folder_is_gone_is_met_with_its_parameters(storage):
    study = load_study(storage, "people")
    trial = study.ask()
    trial.suggest_float("train.lr0 | train.optimizer=SGD", 0.1, 0.1)
    study.tell(trial, 1.0)
    with pytest.raises(ConfigError, match=r"not at hand .*train\.lr0=0\.1"):
        overrides_of(study.trials[0], "people")
