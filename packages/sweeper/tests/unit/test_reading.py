"""One opener for every storage, which makes nothing and says what is missing."""

import socket

import optuna
import pytest
from omegaconf import OmegaConf
from optuna.storages import InMemoryStorage
from optuna_search import StudyError, open_study, set_study_attr
from optuna_search.study import storages
from optuna_search.study.storages import open_storage
from support.proxy import proxy

RDB = "optuna.storages.RDBStorage"
JOURNAL = "optuna.storages.JournalStorage"
BACKEND = "optuna.storages.journal.JournalFileBackend"


@pytest.fixture(params=["journal", "sqlite", "grpc", "mapping of a database", "mapping of a journal"])
def storage(request, tmp_path):
    """A storage of each form, with a study that has one trial."""
    kept = {
        "journal": f"journal:{tmp_path}/studies",
        "sqlite": f"sqlite:///{tmp_path}/studies.db",
        "grpc": f"sqlite:///{tmp_path}/studies.db",
        "mapping of a database": {"_target_": RDB, "url": f"sqlite:///{tmp_path}/studies.db"},
        "mapping of a journal": {
            "_target_": JOURNAL,
            "log_storage": {"_target_": BACKEND, "file_path": f"{tmp_path}/studies"},
        },
    }[request.param]
    opened = open_storage(kept)
    study = optuna.create_study(study_name="people", storage=opened)
    study.add_trial(optuna.trial.create_trial(value=0.5, user_attrs={"folder": "somewhere"}))
    if request.param == "grpc":
        with proxy(opened) as address:
            yield address
    else:
        yield kept


def test_a_study_is_read_from_every_storage(storage):
    view = open_study(storage, "people")
    assert (view.name, [trial.values for trial in view.trials]) == ("people", [(0.5,)])
    assert str(view.trials[0].folder) == "somewhere"


def test_a_storage_may_be_a_node_of_a_configuration(storage):
    node = OmegaConf.create({"hydra": {"sweeper": {"storage": storage}}}).hydra.sweeper
    assert open_study(node.storage, "people").name == "people"


def test_an_attribute_is_kept_on_a_study(storage):
    set_study_attr(storage, "people", "note", {"a": 1})
    assert open_study(storage, "people").user_attrs["note"] == {"a": 1}


def test_a_misspelt_name_is_met_with_the_nearest_one_and_the_list(storage):
    with pytest.raises(StudyError, match=r"no study 'poeple' in .*Did you mean 'people'\? There are: people\."):
        open_study(storage, "poeple")


@pytest.mark.parametrize(
    "storage",
    [
        "journal:not/there",
        "sqlite:///not/there.db",
        {"_target_": RDB, "url": "sqlite:///not/there.db"},
        {"_target_": JOURNAL, "log_storage": {"_target_": BACKEND, "file_path": "not/there"}},
    ],
    ids=str,
)
def test_a_file_that_is_missing_is_named_and_not_made(storage, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(StudyError, match=r"no file of studies not/there"):
        open_study(storage, "people")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("as_mapping", [False, True])
def test_an_empty_database_gets_no_tables(as_mapping, tmp_path):
    file = tmp_path / "studies.db"
    file.touch()
    url = f"sqlite:///{file}"
    with pytest.raises(StudyError, match=r"studies\.db.*no such table"):
        open_study({"_target_": RDB, "url": url} if as_mapping else url, "people")
    assert file.read_bytes() == b""
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(
    ("storage", "message"),
    [
        pytest.param("postgresql+psycopg://me:sesame@127.0.0.1:1/x", r"//\*\*\*@127.0.0.1:1/x", id="no server"),
        pytest.param("postgresql+psycopg://me:ses@me@127.0.0.1:1/x", "needs it as %40", id="not escaped"),
        pytest.param("mysql://me:sesame@host/x", r"//\*\*\*@host/x .*driver that is not installed", id="no driver"),
        pytest.param(
            {"_target_": RDB, "url": "postgresql+psycopg://me:sesame@127.0.0.1:1/x"},
            r"RDBStorage.*//\*\*\*@127.0.0.1:1/x.* cannot be read",
            id="no server, as a mapping",
        ),
        pytest.param(
            {"_target_": RDB, "url": "postgresql+psycopg://me:ses@me@127.0.0.1:1/x"},
            "needs it as %40",
            id="not escaped, in a mapping",
        ),
        pytest.param("multirun/optuna.journal", "is no storage", id="no storage"),
        pytest.param({"_target_": "optuna.storages.Lost"}, "cannot be read.*Lost", id="no such class"),
    ],
)
def test_a_storage_that_cannot_be_read_is_named_without_its_password(storage, message):
    with pytest.raises(StudyError, match=message) as caught:
        open_study(storage, "people")
    assert not any(part in str(caught.value) for part in ("ses@me", "sesame", "me@127"))


def test_a_proxy_that_does_not_answer_is_named(monkeypatch):
    monkeypatch.setattr(storages, "CONNECT_S", 0.2)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    with pytest.raises(StudyError, match=rf"127\.0\.0\.1:{port} within"):
        open_study(f"grpc://127.0.0.1:{port}", "people")


def test_a_proxy_whose_storage_fails_is_named():
    class Broken(InMemoryStorage):
        def get_all_studies(self):
            raise RuntimeError("disk full")

    with proxy(Broken()) as address, pytest.raises(StudyError, match=f"{address} cannot be read: .*disk full"):
        open_study(address, "people")
