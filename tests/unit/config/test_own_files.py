"""`search=PATH` and `experiment=PATH`: files of the user's own, wherever they lie."""

import re

import pytest

from src.config import frozen
from src.config.grammar import as_text
from src.config.keys import check_keys
from src.config.own_files import with_own_files
from src.core.errors import ConfigError
from tests.support.guides import guide_block

SEARCH = "defaults: [base, _self_]\ntrain: {epochs: 3}\nhydra: {sweeper: {n_trials: 5}}\n"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """The folder to start from, with a name that Hydra's grammar has to be told."""
    folder = tmp_path / "it's [mine], too"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.mark.parametrize("absolute", [False, True])
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("small.yaml", "small"),
        ("./small.yml", "small"),
        ("searches/of people, small.yaml", "of people, small"),
        ("../small.yaml", "small"),
        ("deploy.yaml", "deploy"),  # a name that the project has, too
    ],
)
def test_a_search_file_is_found_wherever_it_lies(folder, path, name, absolute):
    file = folder / path
    file.parent.mkdir(exist_ok=True)
    file.write_text(SEARCH)
    written = with_own_files([f"search={as_text(str(file) if absolute else path)}"])
    assert with_own_files(written) == written, "as freeze reads them from a trial's folder"
    made = frozen.composed(written)
    assert (made.train.epochs, made.hydra.sweeper.n_trials) == (3, 5)
    assert made.hydra.sweeper.max_failure_rate == 0.5, "of base"
    assert re.fullmatch(rf"{name}-\d{{4}}-.*", made.hydra.sweeper.study_name)


def test_a_file_in_the_working_folder_is_named_so_that_it_is_found_in_a_copy(folder):
    (folder / "small.yaml").write_text(SEARCH)
    assert with_own_files([f"search={as_text(str(folder / 'small.yaml'))}", "-m"]) == ["search='small.yaml'", "-m"]


def test_names_of_the_project_stay_what_they_are(folder):
    given = ["search=deploy", "+experiment=night", "search=deploy.yaml", "model=yolo11n.yaml", "data=coco.yaml"]
    assert with_own_files(given) == given
    assert frozen.composed(["search=deploy.yaml"]).hydra.sweeper.study_name.startswith("deploy-")


def test_the_files_of_the_guide_go_together(folder):
    (folder / "people.yaml").write_text(guide_block("search.md", "people.yaml"))
    (folder / "night.yaml").write_text(guide_block("search.md", "night.yaml"))
    made = frozen.composed(["search=people.yaml", "experiment=night.yaml", "model=yolo11n_scratch"])
    assert made.train.objective == "deployed/F1"
    assert made.train.epochs == 60, "of the experiment, which wins"
    assert made.model.architecture == "yolo11n.yaml", "of the command line, which wins over both"
    assert made.hydra.runtime.choices.decide == "production"
    assert set(made.hydra.sweeper.params) == {"train.imgsz", "train.optimizer", "train.lr0"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- a\n", "expected settings by section"),
        ("train: {epochs: 3\n", "cannot be read as YAML"),
        ("train: {epochs: 3}\ntrain: {epochs: 4}\n", "cannot be read as YAML.*duplicate"),
        (b"\xff\xfe\x00", "cannot be read as YAML"),
    ],
)
def test_what_is_no_file_of_settings_is_refused(folder, content, reason):
    (folder / "mine.yaml").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError, match=rf"(?s)^search=mine\.yaml: .*{reason}"):
        with_own_files(["search=mine.yaml"])


def test_an_unknown_key_in_a_file_is_named(folder):
    (folder / "mine.yaml").write_text("train: {epoch: 3}\n")
    with pytest.raises(ConfigError, match="'epoch'"):
        frozen.composed(["search=mine.yaml"])


@pytest.mark.parametrize("path", ["nowhere.yaml", ".", "/nowhere/mine.yaml", "x" * 300 + ".yaml"])
def test_a_path_that_leads_nowhere_is_refused(folder, path):
    with pytest.raises(ConfigError, match=r"no such file|has no|cannot be read"):
        check_keys(with_own_files([f"search={path}"]))
