"""Settings that no sweep can work with are refused before the first trial, with what would do."""

import sys

import pytest
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
from optuna_search.run.search import _make
from optuna_search.run.settings import points_to_try
from optuna_search.space.space import parse_space
from optuna_search.study.reading import opening
from optuna_search.study.storages import is_private, storage_spec
from optuna_search.study.study import StudySpec, set_arguments
from optuna_search.trial.guard import unguarded_call

CONFIG = OmegaConf.create({})
SPACES = {
    "numbers": ["x=interval(0,1.5)"],
    "integers": ["x=range(1,5)"],
    "choices": ["x=choice(a,b)"],
    "mixed": ["x=interval(0,1.5)", "y=choice(a,b)", "z=range(0,9)"],
}
SAMPLERS = ("TPESampler", "RandomSampler", "CmaEsSampler", "NSGAIISampler", "NSGAIIISampler", "QMCSampler")


def spec(sampler="RandomSampler", directions=("minimize",), pruner=None):
    return StudySpec(
        "s", "journal:j", tuple(directions), {"_target_": f"optuna.samplers.{sampler}"}, pruner or NO_PRUNER
    )


NO_PRUNER = {"_target_": "optuna.pruners.NopPruner"}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("objectives", [1, 2])
@pytest.mark.parametrize("sampler", [*SAMPLERS, "BruteForceSampler"])
def test_what_a_sampler_cannot_draw_is_said_before_a_training(sampler, objectives, space):
    params = parse_space({}, SPACES[space])
    impossible = {
        "CmaEsSampler": objectives == 2 and "multi-objective",
        "BruteForceSampler": space in ("numbers", "mixed") and "must be given for BruteForceSampler",
    }.get(sampler)
    study = spec(sampler, ["minimize"] * objectives)
    if not impossible:
        study.rehearse(params, CONFIG)
        return
    with pytest.raises(SpaceError, match=impossible):
        study.rehearse(params, CONFIG)


def test_what_a_pruner_cannot_do_is_said_before_a_training():
    pruner = {"_target_": "optuna.pruners.HyperbandPruner", "max_resource": 0}
    with pytest.raises(SpaceError, match="HyperbandPruner"):
        spec(pruner=pruner).rehearse(parse_space({}, SPACES["numbers"]), CONFIG)


@pytest.mark.parametrize("target", ["nope.Nope", "optuna.nope", "builtins.dict", "optuna.samplers"])
def test_a_sampler_that_is_no_class_is_named(target):
    with pytest.raises(SpaceError, match=target):
        set_arguments(OmegaConf.create({"_target_": target}))


@pytest.mark.parametrize(
    ("setting", "points"),
    [
        (None, []),
        ("default", ["default"]),
        ({"x": 1}, [{"x": 1}]),
        (OmegaConf.create(["default", {"x": 1}]), ["default", {"x": 1}]),
    ],
)
def test_a_point_to_try_may_stand_alone(setting, points):
    assert points_to_try(setting) == points


@pytest.mark.parametrize("setting", [5, "defaults", [5], [None], [["x", 1]], True, ""])
def test_what_is_no_point_is_refused(setting):
    with pytest.raises(SpaceError, match=r"hydra\.sweeper\.enqueue"):
        points_to_try(setting)


PRIVATE = [
    *("sqlite:///:memory:", "sqlite://", "sqlite:///", "sqlite+pysqlite:///:memory:"),
    *("sqlite:///file::memory:?uri=true", "sqlite:///file:a?mode=memory&uri=true"),
    {"_target_": "optuna.storages.InMemoryStorage"},
    {"_target_": "optuna.storages.RDBStorage", "url": "sqlite:///:memory:"},
]


@pytest.mark.parametrize("storage", PRIVATE)
def test_a_storage_that_processes_cannot_share_is_refused(storage):
    with pytest.raises(SpaceError, match=r"hydra\.sweeper\.storage=null"):
        storage_spec(storage)


@pytest.mark.parametrize("storage", ["sqlite:///a.db", "sqlite:///memory", "journal::memory:", "postgresql://u@h/db"])
def test_a_storage_that_processes_can_share_is_taken(storage):
    assert not is_private(storage_spec(storage))


def test_a_journal_that_can_be_no_file_is_refused(tmp_path):
    for name in ("", str(tmp_path), "/dev/null", "~nobody-of-this-name/x"):
        with pytest.raises(SpaceError, match=r"hydra\.sweeper\.storage='journal:"):
            storage_spec(f"journal:{name}")


def test_a_journal_whose_name_no_file_can_have_is_refused():
    with pytest.raises(SpaceError, match=r"there can be no file .*…: File name too long"):
        storage_spec("journal:" + "x" * 400)


def test_a_relative_file_of_sqlite_is_the_same_from_everywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert storage_spec("sqlite+pysqlite:///a.db") == f"sqlite+pysqlite:///{tmp_path}/a.db"


@pytest.mark.parametrize("name", ["a" * 300, "zero\0byte"])
def test_a_folder_that_cannot_be_made_is_named(tmp_path, name):
    with pytest.raises(SpaceError, match=r"hydra\.sweep\.dir"):
        _make(tmp_path / name)
    (tmp_path / "file").touch()
    with pytest.raises(SpaceError, match=r"hydra\.sweep\.dir"):
        _make(tmp_path / "file" / "x")


def test_whatever_a_storage_raises_is_said_with_the_study_and_without_a_password():
    with pytest.raises(SpaceError, match=r"study 'a' .*\*\*\*.*OSError: no") as error:  # noqa: SIM117
        with opening("a", "postgresql://u:secret@h/db"):
            raise OSError("no")
    assert "secret" not in str(error.value)


GUARDED = [
    "if __name__ == '__main__':\n    main()",
    "if __name__ != '__main__':\n    pass\nelse:\n    main()",
    "__name__ == '__main__' and main()",
]


@pytest.mark.parametrize("call", [*GUARDED, "main()", "for _ in range(1):\n    main()"])
def test_a_call_without_a_guard_is_found(tmp_path, call):
    app = tmp_path / "app.py"
    source = f"def main():\n    found.append(unguarded_call())\n\n\n{call}\n"
    app.write_text(source)
    found: list[str | None] = []
    exec(compile(source, str(app), "exec"), {"__name__": "__main__", "found": found, "unguarded_call": unguarded_call})
    line = source.count("\n")
    assert found == [None if call in GUARDED else f"{app}:{line}"]


def test_nothing_is_found_where_there_is_no_app():
    assert unguarded_call() is None or sys.modules["__main__"].__file__
