"""A study in PostgreSQL, which controllers on several machines share; folders of their own stand for the machines."""

import multiprocessing
import sys

import pytest
from optuna_search.testing import StorageConformance
from support.aftermath import assert_exact, assert_secret, load, workers
from support.toy import Toy

pytestmark = pytest.mark.integration


def test_a_sweep_keeps_its_study_in_the_database_and_resumes_it(toy, database, postgresql):
    printed = toy.sweep("x=interval(0,3)", f"hydra.sweeper.storage={database}")
    again = toy.sweep("x=interval(0,3)", f"hydra.sweeper.storage={database}", "hydra.sweeper.n_trials=6")
    assert_exact(load(database), 6, [toy.folder / "multirun/toy"])
    assert toy.results().best_value == load(database).best_value
    assert f"optuna-dashboard {database}" in printed
    assert not list(toy.folder.rglob("*.journal"))
    assert "Warning" not in printed + again  # of connections left open, say
    assert_secret(postgresql.password, toy.folder, printed, again)


def test_an_empty_database_is_made_ready_by_one_of_those_who_come_at_the_same_time(database):
    """Optuna would have all of them make its tables, and all but one fail."""
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(5)
    openers = [context.Process(target=open_at_once, args=(start, database)) for _ in range(5)]
    for opener in openers:
        opener.start()
    for opener in openers:
        opener.join()
    assert [opener.exitcode for opener in openers] == [0] * 5


def open_at_once(start, url) -> None:
    from optuna_search.study.storages import open_storage

    start.wait()
    open_storage(url)


def test_two_controllers_on_one_study_run_its_total_between_them(tmp_path, database, postgresql):
    toys = [Toy(tmp_path / host) for host in ("a", "b")]
    settings = ["x=interval(0,3)", "sleep_s=0.3", f"hydra.sweeper.storage={database}", "hydra.sweeper.n_trials=21"]
    for toy in toys:
        toy.folder.mkdir()
    controllers = [toy.start(*settings) for toy in toys]
    printed = [controller.communicate()[0] for controller in controllers]
    assert [controller.returncode for controller in controllers] == [0, 0], "\n".join(printed)
    study = load(database)
    assert_exact(study, 21, [toy.folder / "multirun/toy" for toy in toys])
    assert len(workers(study)) == 2
    for toy in toys:  # each has the whole study in its results
        assert toy.results().counts == {"complete": 21}
        assert toy.results().best_value == study.best_value
    assert_secret(postgresql.password, tmp_path, *printed)


def test_slots_of_a_launcher_share_the_database(toy, database, postgresql):
    printed = toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.3",
        f"hydra.sweeper.storage={database}",
        "hydra/launcher=joblib",
        "hydra.launcher.n_jobs=2",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=9",
    )
    assert_exact(load(database), 9, [toy.folder / "multirun/toy"])
    assert len(workers(load(database))) == 2
    assert_secret(postgresql.password, toy.folder, printed)


def test_a_whole_url_may_come_from_the_environment_and_is_pickled_by_no_launcher(
    toy, database, postgresql, monkeypatch
):
    """Submitit keeps what it pickles in files beside the trials."""
    toy.python = sys.executable  # submitit starts other interpreters by it in ways of its own
    monkeypatch.delenv("PGPASSWORD")
    with_password = database.replace("@", f":{postgresql.password}@")
    monkeypatch.setenv("OPTUNA_STORAGE", with_password)
    printed = toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.3",
        "hydra.sweeper.storage=${oc.env:OPTUNA_STORAGE}",
        "hydra/launcher=submitit_local",
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=5",
    )
    assert list(toy.folder.rglob("*_submitted.pkl"))
    assert_exact(load(with_password), 5, [toy.folder / "multirun/toy"])
    assert_secret(postgresql.password, toy.folder, printed)


def test_a_password_on_the_command_line_is_refused_and_not_repeated(toy, database, postgresql):
    with_password = database.replace("@", f":{postgresql.password}@")
    done = toy.run("x=interval(0,3)", f"hydra.sweeper.storage={with_password}")
    assert done.returncode != 0
    assert "PGPASSWORD" in done.stdout
    assert "Traceback" not in done.stdout
    assert postgresql.password not in done.stdout
    assert [path for path in toy.folder.rglob("*") if path.is_file()] == []


def test_a_server_that_does_not_let_us_in_is_named_before_the_first_trial(toy, database, monkeypatch):
    monkeypatch.setenv("PGPASSWORD", "wrong")
    done = toy.run("x=interval(0,3)", f"hydra.sweeper.storage={database}")
    assert done.returncode != 0
    assert "password authentication failed" in done.stdout
    assert "wrong" not in done.stdout


class TestPostgresql(StorageConformance):
    @pytest.fixture
    def storage(self, database):
        return database
