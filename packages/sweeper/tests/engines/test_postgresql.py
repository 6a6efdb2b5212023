"""A study in PostgreSQL, which controllers on several machines share; folders of their own stand for the machines."""

import multiprocessing
import sys
from concurrent.futures import ThreadPoolExecutor, wait

import optuna
import pytest
from optuna_search.attributes import LEASE
from optuna_search.optuna_internals import backend_of, read_anew, storage_of
from optuna_search.study.leases import Lease
from optuna_search.study.locks import exclusive
from optuna_search.study.queue import claim
from optuna_search.study.storages import chosen_by_name, open_storage
from optuna_search.testing import StorageConformance
from support.aftermath import assert_exact, assert_secret, load, workers
from support.toy import Toy

pytestmark = [pytest.mark.integration, pytest.mark.slow]


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


@pytest.fixture
def study(database):
    return opened(database)


def opened(database) -> optuna.Study:
    """As a worker opens it."""
    with chosen_by_name():
        sampler = optuna.samplers.RandomSampler(seed=0)
        return optuna.create_study(
            study_name="drawn", storage=open_storage(database), sampler=sampler, load_if_exists=True
        )


@pytest.fixture
def alone(study, database):
    """The study, as Optuna opens it by itself."""
    storage = optuna.storages.get_storage(database)
    yield optuna.load_study(study_name="drawn", storage=storage)
    backend_of(storage).engine.dispose()


def draw(study, kinds=("a", None)) -> optuna.Trial:
    with exclusive(study) as locked:
        read_anew(study)
        trial_id = claim(study, 100, Lease(storage_of(study), 60).first, locked=locked)
        trial = optuna.Trial(study, trial_id)
        trial.suggest_float("x", 0.0, 1.0)
        trial.suggest_categorical("kind", kinds)
    return trial


def test_a_trial_is_what_optuna_makes_of_it(study, alone):
    """Written as a whole, read by Optuna alone; what the worker remembers is what is in the database."""
    trial = draw(study)
    trial.set_user_attr("of the task", (1, {"a": None}))
    trial.set_constraint("size", -1.0)
    trial.report(0.5, step=1)
    study.tell(trial, 0.25)
    (remembered,) = study.get_trials()
    (read,) = alone.get_trials()
    remembered.datetime_complete = read.datetime_complete  # of the server's clock and of this one's
    assert remembered == read
    assert read.params == trial.params
    assert (read.value, read.intermediate_values, read.constraints) == (0.25, {1: 0.5}, {"size": -1.0})
    assert read.user_attrs["of the task"] == [1, {"a": None}]
    assert read.system_attrs[LEASE]["beat"] == 0


def test_a_drawing_that_is_broken_off_leaves_no_trial(study, database):
    class BrokenOff(BaseException):
        pass

    def break_off() -> None:
        with exclusive(study) as locked:
            claim(study, 100, Lease(storage_of(study), 60).first, locked=locked)
            raise BrokenOff

    draw(study)
    with pytest.raises(BrokenOff):
        break_off()
    assert [trial.number for trial in study.get_trials()] == [0]
    assert len(opened(database).get_trials()) == 1
    assert draw(study).number == 1


def test_who_knows_nothing_of_the_lock_waits_for_a_trial_that_is_drawn(study, alone):
    """So that numbers stay without gap or double."""
    with ThreadPoolExecutor() as beside:
        with exclusive(study) as locked:
            claim(study, 100, Lease(storage_of(study), 60).first, locked=locked)
            study.set_user_attr("by the sampler", 1)  # which is no reason to wait
            queued = beside.submit(alone.enqueue_trial, {"x": 0.5})
            assert not wait([queued], timeout=0.3).done
        queued.result()
    assert [(trial.number, trial.state.name) for trial in study.get_trials()] == [(0, "RUNNING"), (1, "WAITING")]
    assert draw(study).number == 1
    assert draw(study).number == 2


def test_workers_see_what_others_have_drawn_and_told(study, database):
    another = opened(database)
    first, second = draw(study), draw(another)
    study.tell(first, 1.0)
    third = draw(another)
    assert [trial.value for trial in another.get_trials(deepcopy=False)] == [1.0, None, None]
    another.tell(second, 2.0)
    study.tell(draw(study), 4.0)
    another.tell(third, 3.0)
    for each in (study, another, opened(database)):
        assert [trial.value for trial in each.get_trials()] == [1.0, 2.0, 3.0, 4.0]


def test_the_lock_holds_whatever_isolation_the_server_has_by_default(database, monkeypatch):
    monkeypatch.setenv("PGOPTIONS", "-c default_transaction_isolation=serializable")
    studies = [opened(database) for _ in range(3)]
    with ThreadPoolExecutor() as beside:
        drawn = list(beside.map(draw, studies * 4))
    assert sorted(trial.number for trial in drawn) == list(range(12))


def test_a_distribution_that_does_not_go_with_the_others_is_refused(study, database):
    draw(study)
    with pytest.raises(ValueError, match="CategoricalDistribution does not support dynamic value space"):
        draw(opened(database), kinds=("a", "b"))


def test_another_thread_reads_the_study_while_one_draws(study):
    draw(study)
    with ThreadPoolExecutor() as beside:
        with exclusive(study) as locked:
            claim(study, 100, Lease(storage_of(study), 60).first, locked=locked)
            seen = beside.submit(study.get_trials).result()
        assert [trial.state.name for trial in seen] == ["RUNNING", "RUNNING"]
        assert beside.submit(draw, study).result().number == 2
