import os
import sys

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser

from detection_search import __main__ as command_line
from detection_search import api
from src.core.errors import ConfigError, TrainingError


@pytest.fixture
def started(monkeypatch):
    """What would be started."""
    lines = []

    def run(command, *arguments):
        lines.append([command, *arguments])
        return 0

    monkeypatch.setattr(api, "run", run)
    monkeypatch.setattr(api, "load_study", lambda name, *overrides: (name, overrides))
    return lines


def test_a_search_is_a_command_line_and_returns_its_study(started, tmp_path):
    found = api.search(
        tmp_path,
        "yolov8n",
        {"train.lr0": "tag(log,interval(1e-4,1e-2))", "train.imgsz": [96, 128], "train.optimizer": ["SGD", "a b"]},
        n_trials=7,
        name="it's mine",
        overrides=["train.epochs=3"],
    )
    assert found == ("it's mine", ("train.epochs=3",))
    (line,) = started
    assert line[:6] == ["train", "-m", "search=base", f"data={tmp_path}", "model=yolov8n", "train.epochs=3"]
    parsed = OverridesParser.create().parse_overrides(line[6:])
    assert [each.key_or_group for each in parsed] == [
        *("train.lr0", "train.imgsz", "train.optimizer"),
        *("hydra.sweeper.n_trials", "hydra.sweeper.study_name"),
    ]
    assert parsed[1].value().list == [96, 128]
    assert [str(each) for each in parsed[2].value().list] == ["SGD", "a b"]
    assert str(parsed[-1].value()) == "it's mine"


def test_without_a_space_it_is_that_of_the_configuration(started):
    api.search(overrides=["search=deploy"])
    api.search()
    assert not any("search=base" in line for line in started)


def test_a_search_of_ones_own_keeps_its_file(started):
    api.search(space={"train.lr0": [1, 2]}, overrides=["search=mine"])
    assert "search=base" not in started[0]


def test_a_search_that_fails_is_an_error(started, monkeypatch):
    monkeypatch.setattr(api, "run", lambda *_: 1)
    with pytest.raises(TrainingError, match="The search mine ended with status 1"):
        api.search(name="mine")


def test_a_stage_that_is_none_is_refused(started):
    with pytest.raises(ConfigError, match="tune: expected some of prepare, train"):
        api.decide(["train", "tune"])
    assert started == []


def test_a_pipeline_without_its_configuration_says_who_writes_it(started, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"There is no params.yaml in .* `freeze \+study=NAME` writes it"):
        api.decide()
    assert started == []


def test_the_list_of_commands_fits_a_terminal(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["detsearch", "--help"])
    command_line.main()
    shown = capsys.readouterr().out
    assert max(map(len, shown.splitlines())) <= 80
    assert all(f"\n  {command} " in shown for command in (*command_line.COMMANDS, "pipeline", "completion"))


def test_the_command_runs_the_stages_and_stops_at_one_that_fails(started, tmp_path, monkeypatch):
    (tmp_path / "params.yaml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["detsearch", "pipeline"])
    monkeypatch.setattr(api, "run", lambda stage, *_: started.append(stage) or 3 * (stage == "tune_threshold"))
    with pytest.raises(SystemExit, match="The stage tune_threshold ended with status 3"):
        command_line.main()
    assert started == ["prepare", "train", "evaluate", "tune_threshold"]


def test_what_a_program_prints_is_passed_on_and_its_status_is_known(monkeypatch, capsys):
    code = "import sys; print('one'); print('two', file=sys.stderr); sys.exit(3)"
    monkeypatch.setattr(api, "program", lambda *_: ([sys.executable, "-c", code], {}))
    assert api.run("train") == 3
    assert sorted(capsys.readouterr().out.split()) == ["one", "two"]


def test_a_progress_bar_is_passed_on_as_its_last_state(monkeypatch, capsys):
    """A notebook shows every state on a line of its own; its kernel has colours forced, also on what it starts."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    code = (
        "import os, sys; sys.stdout.reconfigure(newline='');"
        "print('\\r\\x1b[K 10 %', end=''); print('\\r\\x1b[K100 %', end='\\r\\n'); print(os.environ.get('FORCE_COLOR'))"
    )
    monkeypatch.setattr(api, "program", lambda *_: ([sys.executable, "-c", code], dict(os.environ)))
    assert api.run("train") == 0
    assert capsys.readouterr().out == "100 %\nNone\n"


def test_elsewhere_than_in_the_repository_the_folders_own_src_is_not_imported(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line, environment = api.program("train", "-m")
    assert line == [sys.executable, "-m", "src.train", "-m"]
    assert environment["PYTHONSAFEPATH"] == "1"
