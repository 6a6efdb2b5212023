"""`python -m src.freeze` on a study of two trials."""

import optuna
import pytest
import yaml
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from src import freeze
from src.core.errors import ConfigError
from src.core.interval import Interval
from src.documents.confirmation import Advantage, ConfirmationDocument, ConfirmedSetting
from src.documents.study_record import StudyRecord
from src.study.confirmed import keep_confirmation


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
    content = yaml.safe_load(freeze.freeze(ARGUMENTS).text)

    assert (content["train"]["imgsz"], content["train"]["optimizer"]) == (128, "SGD")
    assert content["provenance"]["overrides"] == ["train.optimizer=SGD", "train.imgsz=128"]
    assert (content["provenance"]["study"], content["provenance"]["trial"]) == ("persons", 1)
    assert content["provenance"]["mlflow_run_id"] == "r7"


def test_another_trial_can_be_named_and_changed(study):
    content = yaml.safe_load(freeze.freeze([*ARGUMENTS, "+trial=0", "train.epochs=50"]).text)

    assert (content["train"]["imgsz"], content["train"]["epochs"]) == (96, 50)


def test_what_the_study_had_found_is_frozen_beside_it(study, tmp_path, capsys):
    freeze.main(ARGUMENTS)

    assert yaml.safe_load((tmp_path / "params.yaml").read_text())["provenance"]["study_record"] == "study.json"
    record = StudyRecord.read(tmp_path)
    assert [(training.number, training.metrics) for training in record.trainings] == [
        (0, {"value": 0.2}),
        (1, {"value": 0.4}),
    ]
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_a_setting_that_did_not_survive_the_confirmation_is_said_so(study, tmp_path, capsys):
    lead = Advantage(Interval(0.05, 0.02, 0.08), 0.99, ("seeds",))
    settings = (
        ConfirmedSetting(1, {}, 0.4, {"7": 0.3}, 0.3, None, 1, 0.3, lead),
        ConfirmedSetting(0, {}, 0.2, {"7": 0.35}, 0.35, None, 1, 0.35, None),
    )
    keep_confirmation(
        "journal:studies.journal",
        ConfirmationDocument(
            "persons", "value", "value", (7,), (), winner=0, survived=False, settings=settings, over_untrained=None
        ),
    )

    freeze.main(ARGUMENTS)

    out = capsys.readouterr().out
    assert "The setting of trial 1 did not survive the confirmation" in out
    assert "python -m src.freeze +study=persons +trial=0" in out


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
        freeze.freeze(arguments)


def test_a_trial_whose_folder_is_gone_is_named_with_its_parameters(study, tmp_path):
    (tmp_path / "1" / ".hydra" / "overrides.yaml").unlink()

    with pytest.raises(ConfigError, match="not available"):
        freeze.freeze(ARGUMENTS)


def test_a_study_of_several_objectives_has_no_best_trial(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    storage = JournalStorage(JournalFileBackend("studies.journal"))
    study = optuna.create_study(study_name="persons", storage=storage, directions=["maximize", "minimize"])
    for values in ((1, 2), (0, 1), (0, 3)):
        study.tell(study.ask(), values)

    with pytest.raises(ConfigError, match="Choose with \\+trial=…; those that no other beats in everything are 0, 1"):
        freeze.freeze(ARGUMENTS)


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
