import pytest

from src.config.completion import complete_with_own_folder, is_completing


def test_only_a_shell_that_asks_is_answered():
    assert is_completing(["-sc", "query=bash"])
    assert not is_completing(["-m", "search=deploy"])


def test_the_own_folder_stands_beside_the_overrides_as_hydra_wants_them(tmp_path, monkeypatch):
    (tmp_path / "conf").mkdir()
    monkeypatch.chdir(tmp_path)
    environment = {"COMP_LINE": "train -m search=de"}
    complete_with_own_folder(environment)
    assert environment["COMP_LINE"] == f"train -m hydra.searchpath=['file://{tmp_path}/conf'] search=de"


@pytest.mark.parametrize("folder", ["none", "with a space/conf"])
def test_without_an_own_folder_or_in_one_with_a_space_the_line_stays(tmp_path, monkeypatch, folder):
    (tmp_path / folder).mkdir(parents=True)
    monkeypatch.chdir((tmp_path / folder).parent)
    environment = {"COMP_LINE": "train "}
    complete_with_own_folder(environment)
    assert environment["COMP_LINE"] == "train "
