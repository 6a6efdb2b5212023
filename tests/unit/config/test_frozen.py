import shutil
from pathlib import Path

import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.errors import HydraException

from src.config import app, frozen, schema
from src.config.provenance import Provenance
from src.config.sections import section
from src.core.errors import ConfigError
from src.detector.options import ProjectTrainOptions

PEOPLE = ["data=coco128_person", "data.archive=people.zip", "train.epochs=3"]


def test_the_same_overrides_give_the_same_text():
    assert frozen.freeze(PEOPLE) == frozen.freeze(PEOPLE)


def test_the_text_says_how_it_was_made():
    provenance = Provenance(study="persons", trial=4, storage="journal:studies")

    text = frozen.freeze(PEOPLE, provenance)

    assert "#   python -m src.freeze data=coco128_person data.archive=people.zip train.epochs=3\n" in text
    assert "# From trial 4 of the study persons.\n" in text
    kept = Provenance(**yaml.safe_load(text)["provenance"])
    assert (kept.study, kept.trial, kept.storage, kept.overrides) == ("persons", 4, "journal:studies", PEOPLE)


def test_every_value_is_resolved():
    text = frozen.freeze(PEOPLE)

    assert yaml.safe_load(text)["train"]["imgsz"] == 320  # ${data.imgsz_choices[0]}
    assert "${" not in text  # DVC would resolve it, and write the result into the file


def test_where_runs_are_recorded_is_left_to_the_machine(monkeypatch):
    """Of `tracking` the choice is frozen and what was said about it, not what the environment answers."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://somewhere:5000")

    text = frozen.freeze([*PEOPLE, "tracking=server", "tracking.experiment=people"])

    content = yaml.safe_load(text)
    assert {"tracking": "server"} in content["defaults"]
    assert content["tracking"] == {"experiment": "people"}
    assert "somewhere" not in text


def test_hydra_composes_the_text_and_checks_it(tmp_path):
    """A value that DVC has set is checked as on the command line, because the sections have their schemas."""
    shutil.copytree(app.ROOT["config_path"], tmp_path / "conf")  # what `-cd .` does with a search path
    (tmp_path / "conf" / "params.yaml").write_text(frozen.freeze(PEOPLE))
    schema.register()

    with initialize_config_dir(str(tmp_path / "conf"), version_base="1.3"):
        cfg = compose("params", overrides=["train.epochs=7"])
        with pytest.raises(HydraException, match=r"train\.epochs=many"):
            compose("params", overrides=["train.epochs=many"])

    train = section(cfg, "train", ProjectTrainOptions)
    assert train.arguments["epochs"] == 7
    assert section(cfg, "provenance", Provenance).overrides == PEOPLE


def test_a_password_is_not_frozen():
    with pytest.raises(ConfigError, match="holds a password"):
        frozen.freeze(["tracking.uri=postgresql://me:secret@host/db"])


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        pytest.param(["data=coco128_person", "train.epoch=3"], "Did you mean 'epochs'", id="a key that is none"),
        pytest.param(["data=yolo"], "data.path has no default", id="a value that has to be given"),
        pytest.param(["data=cocoo"], "conf/data has no 'cocoo'", id="a choice that is none"),
        pytest.param(["train.lr0=5"], "a learning rate is greater than 0", id="a value that cannot work"),
    ],
)
def test_what_cannot_work_is_not_frozen(overrides, said):
    with pytest.raises(ConfigError, match=said):
        frozen.freeze(overrides)


def test_dvc_watches_the_files_that_are_there(tmp_path, monkeypatch):
    """Where the data set and the weights come from files, their contents decide what has to run again."""
    monkeypatch.chdir(tmp_path)
    Path("people.zip").touch()
    Path("start.pt").touch()

    of_files = yaml.safe_load(frozen.freeze([*PEOPLE, "model.weights=start.pt"]))["provenance"]
    of_code = yaml.safe_load(frozen.freeze([]))["provenance"]

    assert (of_files["data"], of_files["weights"]) == ("people.zip", "start.pt")
    assert (of_code["data"], of_code["weights"]) == ("src/data", "src/detector")


def test_paths_of_this_machine_are_found():
    text = frozen.freeze(["data=coco128_person", "data.archive=/somewhere/people.zip"])

    assert frozen.absolute_paths(text) == ["/somewhere/people.zip"]


def test_a_search_says_where_its_study_lies():
    assert frozen.storage_of([]) == "journal:multirun/optuna.journal"
    assert frozen.storage_of(["hydra.sweeper.storage=journal:elsewhere"]) == "journal:elsewhere"
