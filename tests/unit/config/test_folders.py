import pytest

from src.config import frozen
from src.config.folders import CONF, folders, with_own_folder
from src.config.keys import check_keys
from src.core.errors import ConfigError


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A folder of one's own with a name that Hydra's grammar has to be told."""
    folder = tmp_path / "it's [mine], too"
    (folder / "conf" / "search").mkdir(parents=True)
    (folder / "conf" / "search" / "small.yaml").write_text(
        "# @package _global_\ndefaults: [base, _self_]\ntrain: {epochs: 3}\nhydra: {sweeper: {n_trials: 5}}\n"
    )
    monkeypatch.chdir(folder)
    return folder


def test_files_of_ones_own_are_found_beside_those_of_the_project(mine):
    assert folders() == (CONF, mine / "conf")
    made = frozen.composed(["search=small"])
    assert (made.train.epochs, made.hydra.sweeper.n_trials, made.hydra.sweeper.max_failure_rate) == (3, 5, 0.5)


def test_keys_are_checked_as_ever_and_own_files_known(mine):
    check_keys(["search=small"])
    with pytest.raises(ConfigError, match="Did you mean 'small'"):
        check_keys(["search=smal"])
    with pytest.raises(ConfigError, match="Did you mean 'lr0'"):
        check_keys(["train.lr=1"])


def test_a_search_path_that_is_given_stays(mine):
    given = ["hydra.searchpath=[file:///elsewhere]"]
    assert with_own_folder(given) == given


def test_without_a_folder_of_ones_own_nothing_is_added(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert with_own_folder(["train.lr0=0.1"]) == ["train.lr0=0.1"]
    monkeypatch.chdir(CONF.parent)
    assert with_own_folder(["train.lr0=0.1"]) == ["train.lr0=0.1"], "the project's own folder is there already"
