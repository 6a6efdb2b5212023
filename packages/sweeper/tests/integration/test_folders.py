"""Jobs run where those of Hydra's own sweeper run, also where Hydra changes the working directory."""

import functools
from collections.abc import Callable
from typing import Any

import pytest
from support.where import notes, sweep

pytestmark = pytest.mark.integration

PLACES = ("cwd", "original", "absolute", "output")
ABSOLUTE, RELATIVE = "{folder}/runs", "runs"
BASIC, JOBLIB = (), ("hydra/launcher=joblib", "hydra.launcher.n_jobs=2")
EVERYWHERE = [
    (version_base, runs, launcher, mode, isolation)
    for version_base in ("1.1", "1.3")
    for runs in (ABSOLUTE, RELATIVE)
    for launcher in (BASIC, JOBLIB)
    for mode in ("slots", "batch")
    for isolation in ("process", "none")
]
SOME = [
    ("1.3", RELATIVE, BASIC, "slots", "process"),
    ("1.3", ABSOLUTE, JOBLIB, "batch", "process"),
    ("1.1", ABSOLUTE, BASIC, "slots", "none"),
    ("1.1", RELATIVE, JOBLIB, "slots", "none"),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory) -> Callable[..., dict[str, Any]]:
    """What a sweep's jobs note of their folders, each sweep run once."""

    @functools.cache
    def run(version_base: str, runs: str, *settings: str) -> dict[str, Any]:
        folder = tmp_path_factory.mktemp("sweep")
        if version_base == "1.3":  # 1.1 does so unless told otherwise
            settings = (*settings, "hydra.job.chdir=true")
        sweep(folder, f"hydra.sweep.dir={runs.format(folder=folder)}", "db=mysql", *settings, version_base=version_base)
        return {path: {place: noted[place] for place in PLACES} for path, noted in notes(folder).items()}

    return run


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[] if case in SOME else [pytest.mark.slow], id=" ".join(map(str, case)))
        for case in EVERYWHERE
    ],
)
def test_jobs_run_where_hydras_own_sweeper_runs_them(places, case):
    version_base, runs, launcher, mode, isolation = case
    expected = places(version_base, runs, "hydra/sweeper=basic", "x=1,2")
    assert set(expected) == {"runs/0/where.json", "runs/1/where.json"}
    ours = ("hydra/sweeper=optuna", "hydra/sweeper/sampler=grid", "hydra.sweeper.n_jobs=2", "x=choice(1,2)")
    settings = (*ours, f"hydra.sweeper.mode={mode}", f"hydra.sweeper.isolation={isolation}", *launcher)
    assert places(version_base, runs, *settings) == expected


def test_without_a_change_of_folder_jobs_run_where_the_command_was_given(tmp_path):
    sweep(tmp_path, "hydra/sweeper=optuna", "hydra.sweeper.n_trials=1", "db=mysql", "x=choice(1,2)")
    (noted,) = notes(tmp_path).values()
    assert (noted["cwd"], noted["original"], noted["absolute"]) == (".", ".", "./data")


def test_a_folder_named_by_hydras_resolver_is_that_of_the_job(tmp_path):
    """`${hydra:…}` means the trial's own values, and in the sweep's folder the sweep's."""
    named = ("hydra.sweep.dir=${hydra:job.name}_runs", "hydra.sweep.subdir=n${hydra:job.num}", "hydra.job.chdir=true")
    sweep(
        tmp_path,
        "hydra/sweeper=optuna",
        "hydra.sweeper.n_trials=3",
        "db=mysql",
        "x=choice(1,2)",
        *named,
    )
    assert sorted(notes(tmp_path)) == [f"app_runs/n{number}/where.json" for number in range(3)]
