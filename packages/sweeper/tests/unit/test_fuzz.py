"""Whatever overrides, task results and names hold: a sweep works with them, or says in a sentence why it cannot."""

import contextlib
import functools
import io
import json
import math
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hypothesis import strategies as st
from omegaconf import OmegaConf
from optuna.trial import TrialState
from optuna_search.errors import SpaceError
from optuna_search.results.files import summarise, write
from optuna_search.results.table import print_counts, print_table
from optuna_search.run import told
from optuna_search.run.tell import RetryRules, tell
from optuna_search.space.changes import changes, describe_space
from optuna_search.space.condition import same
from optuna_search.space.space import parse_space
from optuna_search.study.journal import JournalFile
from optuna_search.study.reading import open_study, opening
from optuna_search.study.study import StudySpec
from optuna_search.trial.current import StudyTrial
from optuna_search.trial.job import outcome_of_return
from rich.console import Console
from support.fuzz import fuzz
from support.objects import built, objects, results

CONFIG = OmegaConf.create({})

# --- overrides

keys = st.sampled_from(["x", "a.b", "+new", "db", "db@backup", "x"]) | st.text("ab.@+~/ é", max_size=5)
elements = st.one_of(
    st.integers().map(str),
    st.floats().map(str),
    st.sampled_from(
        ["null", "true", "a", "'a,b'", '"c"', "1e-3", "[1,2]", "{a: 1}", "nan", "inf", "''", "2.50", "${x}"]
    ),
    st.text(max_size=4),
)
listed = st.lists(elements, max_size=4).map(",".join)
functions = st.sampled_from(
    ["choice", "range", "interval", "tag", "shuffle", "sort", "glob", "int", "str", "float", "nope"]
)
calls = st.tuples(functions, listed).map(lambda call: f"{call[0]}({call[1]})")
nested = st.tuples(functions, st.lists(calls | elements, min_size=1, max_size=2).map(",".join)).map(
    lambda call: f"{call[0]}({call[1]})"
)
texts = listed | calls | nested | st.text(max_size=12)
yaml_values = st.recursive(
    texts | st.none() | st.booleans() | st.integers() | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=3) | st.integers(), inner, max_size=2)
        | st.dictionaries(st.tuples(keys, texts).map("=".join), inner, max_size=2).map(lambda cases: {"when": cases})
    ),
    max_leaves=4,
)


@fuzz(
    params=st.dictionaries(keys, yaml_values, max_size=3),
    arguments=st.lists(st.tuples(keys, texts).map("=".join) | st.text(max_size=8), max_size=3),
)
def test_any_overrides(params: dict[str, Any], arguments: list[str]) -> None:
    """Are refused, or are a space whose every point can be written as overrides that mean the same."""
    with contextlib.suppress(HydraException):  # with a sentence
        space = parse_space(params, arguments)
        described = json.loads(json.dumps(describe_space(space)))
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler())
        for _ in range(3):
            trial = study.ask()
            space.suggest(trial, CONFIG)
            _says_the_same(space, trial.params)
            assert space.admit(trial.params) == trial.params
        for point in space.probes(CONFIG):
            _says_the_same(space, point)
        assert not changes(described, described).refused


def _says_the_same(space: Any, point: dict[str, Any]) -> None:
    lines = space.overrides(point)[len(space.fixed) :]
    for line, (name, value) in zip(lines, _in_order(space, point), strict=True):
        read = OverridesParser.create().parse_override(line)
        assert not read.is_sweep_override()
        found = read.value()
        if isinstance(found, list | dict):  # is known to Optuna by its text
            assert isinstance(value, str)
        else:
            exact = (
                isinstance(found, float) and not isinstance(value, bool) and math.isclose(found, value, rel_tol=1e-9)
            )
            near = isinstance(found, float) and isinstance(value, float) and abs(found - value) < 1e-6
            assert same(found, value) or exact or near, (name, line, value)


def _in_order(space: Any, point: dict[str, Any]) -> list[tuple[str, Any]]:
    return [(name, point[name]) for name in space.parameters if name in point]


# --- what tasks return and report


@fuzz(
    result=results,
    reported=st.tuples(objects, objects),
    kept=st.tuples(st.text(max_size=5) | objects, objects),
    constraint=st.tuples(st.text(max_size=5) | objects, objects),
    objectives=st.sampled_from([1, 1, 2]),
)
def test_any_result_of_a_task(result: Any, reported: Any, kept: Any, constraint: Any, objectives: int) -> None:
    """Is a value, or the reason of a failed trial; what the task says on its way is kept, or its own error."""
    with tempfile.TemporaryDirectory() as folder:
        storage = optuna.storages.JournalStorage(JournalFile(Path(folder) / "journal"))
        study = optuna.create_study(storage=storage, directions=["minimize"] * objectives)
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        handle = StudyTrial(trial, trial.params)
        for say, arguments in (
            (handle.report, reported),
            (handle.set_user_attr, kept),
            (handle.set_constraint, constraint),
        ):
            with contextlib.suppress(Exception):  # the task's own, which it may handle
                say(*built(arguments))
        tell(study, trial, outcome_of_return(built(result)), RetryRules(max_retries=0))
        again = optuna.load_study(
            study_name=study.study_name,
            storage=optuna.storages.JournalStorage(JournalFile(Path(folder) / "journal")),
        )
        (ended,) = again.trials
        assert ended.state in (TrialState.COMPLETE, TrialState.FAIL)
        assert ended.state == TrialState.COMPLETE or ended.user_attrs["fail_reason"]
        _is_shown(again, Path(folder), 100)


# --- names


@functools.cache
def empty_database() -> Path:
    """A file of SQLite with Optuna's tables, which take a second to make."""
    file = Path(tempfile.mkdtemp()) / "db"
    optuna.storages.RDBStorage(f"sqlite:///{file}").engine.dispose()
    return file


@fuzz(
    name=st.text(min_size=1)
    | st.sampled_from(["a\x1b[31mb", "\udcff", "a" * 600, "../x", "[/]", "a\nb", " ", "\u202ea"]),
    words=st.tuples(st.text(min_size=1, max_size=9), st.text(max_size=9), st.text(min_size=1, max_size=9)),
    width=st.sampled_from([1, 20, 80, 100, 140]),
    database=st.sampled_from([False, False, False, True]),
)
def test_any_name(name: str, words: tuple[str, str, str], width: int, database: bool) -> None:
    """Of a study, an objective, a choice or an attribute is kept and shown, or refused."""
    metric, choice, attribute = words
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(empty_database(), f"{folder}/db")
        storage = f"sqlite:///{folder}/db" if database else f"journal:{folder}/journal"
        spec = StudySpec(
            name,
            storage,
            ("maximize",),
            {"_target_": "optuna.samplers.RandomSampler"},
            {"_target_": "optuna.pruners.NopPruner"},
            (metric,),
        )
        with _noting(SpaceError) as refusals, opening(name, storage):
            study = spec.open()
            trial = study.ask({"kind": optuna.distributions.CategoricalDistribution([choice])})
            trial.set_user_attr(attribute, choice)
            study.tell(trial, 0.123456)
        if refusals:
            assert database
            assert "\x00" in name + "".join(words) or _has_surrogate(name + "".join(words)), refusals
            return
        assert open_study(storage, name).name == name
        _is_shown(study, Path(folder), width, attribute)


@contextlib.contextmanager
def _noting(kind: type[Exception]) -> Iterator[list[Exception]]:
    noted: list[Exception] = []
    try:
        yield noted
    except kind as error:
        noted.append(error)


def _has_surrogate(text: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in text)


def _is_shown(study: optuna.Study, folder: Path, width: int, *columns: str) -> None:
    """On a terminal that knows ASCII only and obeys orders."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="backslashreplace", newline="")
    console = Console(file=stream, width=width, force_terminal=True, color_system=None)
    summary = summarise(study, folder)
    told.start(study, 1, folder, console)
    write(study, summary)
    print_table(study, summary, columns, console)
    print_counts(study, summary, console)
    told.how_to_resume(study, f"journal:{folder}/journal", 1, console)
    stream.flush()
    shown = raw.getvalue().decode()
    assert not any(ord(character) < 32 and character != "\n" for character in shown), repr(shown)
    if summary.best_trials and width >= 80 and len(study.directions) == 1:
        assert f"{summary.best_trials[0].values[0]:.4g}" in shown
    assert (folder / "trials.csv").stat().st_size
    OmegaConf.load(folder / "optimization_results.yaml")
