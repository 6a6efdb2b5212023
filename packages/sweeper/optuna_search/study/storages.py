"""Where studies are kept: opened from a spec that travels to other processes."""

import inspect
import re
import warnings
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import optuna
from hydra.utils import get_object
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.storages import BaseStorage, GrpcStorageProxy, JournalStorage, RDBStorage

from optuna_search.errors import SpaceError
from optuna_search.objects import build
from optuna_search.secrets import escapes_missing, has_password, without_credentials
from optuna_search.study.journal import JournalFile
from optuna_search.study.locks import making_tables

JOURNAL = "journal:"
GRPC = "grpc://"
MEMORY = "memory:"  # not for users, who write null
DEFAULT = "journal:multirun/optuna.journal"
CONNECT_S = 10.0  # how long to wait for a gRPC proxy
_URL = re.compile(r"\w[\w+]*://")
_SQLITE = re.compile(r"sqlite(\+\w+)?:///")
_KINDS = (
    "'journal:PATH', a database URL such as 'sqlite:///optuna.db' or 'postgresql://user@host/db', "
    "'grpc://host:port', or a mapping with '_target_'"
)


_in_memory: dict[str, BaseStorage] = {}


def memory_spec() -> str:
    """A new storage that lives as long as this process, and is open to nobody else."""
    spec = f"{MEMORY}{len(_in_memory)}"
    _in_memory[spec] = optuna.storages.InMemoryStorage()
    return spec


def storage_spec(written: Any, meant: Any = None) -> Any:
    """A storage setting in a form that holds in other working directories and holds no password.

    Args:
        written: The setting with its interpolations as they were written.
        meant: The same with its interpolations resolved; None if it has none.

    Raises:
        SpaceError: It is no storage, or a password stands in it.
    """
    written, meant = _plain(written), _plain(written if meant is None else meant)
    if is_private(meant):
        raise SpaceError(
            f"hydra.sweeper.storage={meant}: such a study is in the memory of one process, where the other processes of"
            " a sweep cannot see it. Write hydra.sweeper.storage=null, for which the sweeper takes care of that, or"
            " name a file, as in sqlite:///optuna.db."
        )
    if has_password(str(meant)):
        return _by_environment(written, meant)
    if isinstance(meant, dict) and "_target_" in meant:
        return meant
    if isinstance(meant, str) and meant.startswith(JOURNAL):
        return JOURNAL + str(_journal_file(meant))
    if isinstance(meant, str) and (sqlite := _SQLITE.match(meant)):
        return _absolute_sqlite(sqlite[0], meant[sqlite.end() :])
    if isinstance(meant, str) and _URL.match(meant):
        return meant
    raise _no_storage(meant)


def open_storage(spec: Any, *, create: bool = True) -> BaseStorage:
    """The storage of `storage_spec()`.

    Args:
        spec: The storage.
        create: Whether to make the folder of a journal and the tables of a database.

    Side effects: connects to a server.

    Raises:
        SpaceError: A database or a gRPC proxy does not answer, or its driver is not installed.
    """
    spec = _resolved(spec)
    if not isinstance(spec, str):
        if any(escapes_missing(value) for value in spec.values() if isinstance(value, str)):
            shown = without_credentials(str(spec))
            raise SpaceError(f"The storage {shown} has an @ in its user or password; a URL needs it as %40.")
        storage = build(spec if create else _without_tables(spec))
        assert isinstance(storage, BaseStorage)
        return _cached(storage)
    if spec.startswith(JOURNAL):
        path = Path(spec.removeprefix(JOURNAL)).expanduser()
        if create:
            path.parent.mkdir(parents=True, exist_ok=True)
        return JournalStorage(JournalFile(path))
    if spec.startswith(GRPC):
        return _proxy(spec)
    if spec.startswith(MEMORY):
        return _in_memory[spec]
    if not _URL.match(spec):
        raise _no_storage(spec)
    return _database(spec, create=create)


def is_private(spec: Any) -> bool:
    """Whether a storage is in the memory of the process that opens it."""
    if isinstance(spec, dict):
        return str(spec.get("_target_")).endswith(".InMemoryStorage") or any(map(is_private, spec.values()))
    if not isinstance(spec, str) or not re.match(r"sqlite(\+\w+)?:", spec):
        return False
    from sqlalchemy import make_url

    url = make_url(spec)
    file, is_uri = url.database or ":memory:", url.query.get("uri") == "true"
    return file == ":memory:" or (is_uri and (file.startswith("file::memory:") or url.query.get("mode") == "memory"))


@contextmanager
def chosen_by_name() -> Iterator[None]:
    """Keep Optuna from warning that what the user chose by its name is experimental: there is nothing to act on."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        yield


def _database(url: str, *, create: bool) -> BaseStorage:
    from sqlalchemy.exc import OperationalError

    shown = without_credentials(url)
    if escapes_missing(url):
        raise SpaceError(
            f"The database {shown} of hydra.sweeper.storage has an @ in its user or password; a URL needs it as %40."
        )
    try:
        return _connected(url, create=create)
    except OperationalError as error:
        raise SpaceError(f"The database {shown} of hydra.sweeper.storage cannot be used: {error.orig}") from error
    except ImportError as error:
        raise SpaceError(
            f"The database {shown} of hydra.sweeper.storage needs a driver that is not installed ({error}); for "
            "PostgreSQL: pip install 'hydra-optuna-search[postgresql]'."
        ) from error


def _connected(url: str, *, create: bool) -> BaseStorage:
    with making_tables(url) if create else nullcontext():
        # a server may have been restarted since the last trial, hours ago
        storage = RDBStorage(url, engine_kwargs={"pool_pre_ping": True}, skip_table_creation=not create)
    weakref.finalize(storage, storage.engine.dispose)  # at the latest when the process ends; psycopg warns otherwise
    return _cached(storage)


def _cached(storage: BaseStorage) -> BaseStorage:
    """A storage that remembers what it has read of a database."""
    if isinstance(storage, RDBStorage) and storage.engine.dialect.name == "postgresql":
        from optuna_search.database_internals import PostgreSQLStorage

        return PostgreSQLStorage(storage)
    return optuna.storages.get_storage(storage)


def _without_tables(spec: Any) -> Any:
    """The mapping of a storage, told to make no tables wherever one of its classes can be told so."""
    if not isinstance(spec, dict):
        return spec
    inner = {key: _without_tables(value) for key, value in spec.items()}
    target = inner.get("_target_")
    takes = inspect.signature(get_object(target)).parameters if target else {}
    return {**inner, "skip_table_creation": True} if "skip_table_creation" in takes else inner


def shown(spec: Any) -> str | None:
    """The argument that `optuna-dashboard` takes, without a password; None where it takes none."""
    if not isinstance(spec, str) or spec.startswith((GRPC, MEMORY)):
        return None
    if not spec.startswith(JOURNAL):
        return spec
    path, here = Path(spec.removeprefix(JOURNAL)), Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def _no_storage(setting: Any) -> SpaceError:
    return SpaceError(f"hydra.sweeper.storage={setting!r} is no storage. Expected {_KINDS}.")


def _plain(setting: Any) -> Any:
    return OmegaConf.to_container(setting) if isinstance(setting, DictConfig | ListConfig) else setting


def _resolved(spec: Any) -> Any:
    return OmegaConf.to_container(OmegaConf.create([spec]), resolve=True)[0]  # type: ignore[index, unused-ignore]


def _by_environment(written: Any, meant: Any) -> Any:
    """The setting as written, if each process can find the password in its own environment.

    What is resolved would be pickled by launchers and saved beside the job.
    """
    try:
        if not has_password(str(written)) and _resolved(written) == meant:
            return written
    except OmegaConfBaseException:  # it refers to the configuration, which no worker has
        pass
    raise SpaceError(
        "hydra.sweeper.storage contains a password, which would be written into the files of every trial. Leave it "
        "out (postgresql://user@host/db) and give it as PGPASSWORD or in ~/.pgpass; or put the whole URL into an "
        "environment variable and set hydra.sweeper.storage='${oc.env:OPTUNA_STORAGE}'."
    )


def _absolute_sqlite(scheme: str, path: str) -> str:
    """The URL of a file; `file:` begins a URI of SQLite's own, which is left as it is."""
    return scheme + (path if path.startswith("file:") else str(_absolute(path, scheme + path)))


def _journal_file(setting: str) -> Path:
    """The file of a journal, as an absolute path.

    Raises:
        SpaceError: There can be no such file.
    """
    name = setting.removeprefix(JOURNAL)
    path = _absolute(name, setting)
    try:
        exists = path.exists()
    except OSError as error:  # too long, for instance
        raise SpaceError(
            f"hydra.sweeper.storage: there can be no file {str(path)[:100]}…: {error.strerror}."
        ) from error
    if not name or (exists and not path.is_file()):
        what = f"{path} is a {'folder' if path.is_dir() else 'device'}" if name else "no file is named"
        raise SpaceError(
            f"hydra.sweeper.storage={setting!r}: {what}. Expected a file for the studies, which is made if it is not"
            f" there, as in {DEFAULT}."
        )
    return path


def _absolute(path: str, setting: str) -> Path:
    try:
        return Path(path).expanduser().absolute()
    except RuntimeError as error:  # ~NAME of a user that there is not
        raise SpaceError(f"hydra.sweeper.storage={setting!r}: {error}") from error


def _proxy(spec: str) -> GrpcStorageProxy:
    host, _, port = spec.removeprefix(GRPC).rstrip("/").rpartition(":")
    if not host or not port.isdigit():
        raise SpaceError(f"hydra.sweeper.storage={spec!r}: expected grpc://HOST:PORT.")
    try:
        proxy = GrpcStorageProxy(host=host, port=int(port))
    except ImportError as error:
        raise SpaceError(
            f"hydra.sweeper.storage={spec!r} needs gRPC, which is not installed: pip install "
            "'hydra-optuna-search[grpc]'."
        ) from error
    try:
        proxy.wait_server_ready(timeout=CONNECT_S)
    except Exception as error:  # grpc.FutureTimeoutError, from a package that is not always installed
        raise SpaceError(
            f"No gRPC storage proxy answers at {host}:{port} within {CONNECT_S:.0f} s. Start one with "
            "optuna.storages.run_grpc_proxy_server(storage, host=…, port=…)."
        ) from error
    return proxy
