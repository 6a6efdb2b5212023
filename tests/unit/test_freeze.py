"""`python -m src.freeze` on a study of two trials."""

import optuna
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from src import freeze
from src.core.errors import ConfigError


@pytest.fixture
def study(tmp_path, monkeypatch):
    """Two complete trials, of which number 1 is the better, and one that failed; in the current folder."""
    monkeypatch.chdir(tmp_path)
    storage = JournalStorage(JournalFileBackend("studies.journal"))
    study = optuna.create_study(study_name="persons", storage=storage, direction="maximize")
    study.set_user_attr("mlflow_run_id", "r7")
    for value, imgsz in ((0.2, 96), (0.4, 128)):
        trial = study.ask()
        trial.set_user_attr("folder", str(tmp_path / str(trial.number)))
        (tmp_path / str(trial.number) / ".hydra").mkdir(parents=True)
        overrides = ["train.optimizer=SGD", f"train.imgsz={imgsz}"]
        (tmp_path / str(trial.number) / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump(overrides))
        study.tell(trial, value)
    study.tell(study.ask(), state=optuna.trial.TrialState.FAIL)
    return study


ARGUMENTS = ["+study=persons", "hydra.sweeper.storage=journal:studies.journal"]


def test_the_best_trial_is_frozen_with_all_it_was_run_with(study):
    content = yaml.safe_load(freeze.frozen_text(ARGUMENTS))

    assert (content["train"]["imgsz"], content["train"]["optimizer"]) == (128, "SGD")
    assert content["provenance"]["overrides"] == ["train.optimizer=SGD", "train.imgsz=128"]
    assert (content["provenance"]["study"], content["provenance"]["trial"]) == ("persons", 1)
    assert content["provenance"]["mlflow_run_id"] == "r7"


def test_another_trial_can_be_named_and_changed(study):
    content = yaml.safe_load(freeze.frozen_text([*ARGUMENTS, "+trial=0", "train.epochs=50"]))

    assert (content["train"]["imgsz"], content["train"]["epochs"]) == (96, 50)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["+study=person", ARGUMENTS[1]], "Did you mean 'persons'", id="no such study"),
        pytest.param([*ARGUMENTS, "+trial=2"], "no complete trial 2; complete are 0, 1", id="a failed trial"),
        pytest.param([*ARGUMENTS, "+trial=best"], "expected the number of a trial", id="no number"),
        pytest.param(["+trial=1"], "says nothing without", id="a trial of nothing"),
        pytest.param(["+study=persons"], "no file of studies multirun", id="no storage"),
    ],
)
def test_what_cannot_be_frozen_is_said(study, arguments, said):
    with pytest.raises(ConfigError, match=said):
        freeze.frozen_text(arguments)


def test_a_trial_whose_folder_is_gone_is_named_with_its_parameters(study, tmp_path):
    (tmp_path / "1" / ".hydra" / "overrides.yaml").unlink()

    with pytest.raises(ConfigError, match="not at hand"):
        freeze.frozen_text(ARGUMENTS)


def test_a_study_of_several_objectives_has_no_best_trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage = JournalStorage(JournalFileBackend("studies.journal"))
    study = optuna.create_study(study_name="persons", storage=storage, directions=["maximize", "minimize"])
    for values in ((1, 2), (0, 1), (0, 3)):
        study.tell(study.ask(), values)

    with pytest.raises(ConfigError, match="Choose with \\+trial=…; those that no other beats in everything are 0, 1"):
        freeze.frozen_text(ARGUMENTS)


def test_the_file_is_written_and_said_to_be_unchanged_the_second_time(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)

    freeze.main(["train.epochs=2"])
    freeze.main(["train.epochs=2"])

    assert yaml.safe_load((tmp_path / "params.yaml").read_text())["train"]["epochs"] == 2
    first, second = capsys.readouterr().out.splitlines()
    assert first.startswith("params.yaml is written")
    assert second.startswith("params.yaml is unchanged")


def test_an_error_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text("before")

    with pytest.raises(SystemExit, match="ConfigError"):
        freeze.main(["train.epochs=none"])

    assert (tmp_path / "params.yaml").read_text() == "before"
