"""`open_study()`: read a study, whatever storage keeps it.

Nothing is created, neither a file nor a table nor a study.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
from hydra.errors import HydraException, InstantiationException
from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException
from optuna.exceptions import StorageInternalError
from optuna.storages import BaseStorage, GrpcStorageProxy, RDBStorage

from optuna_search.errors import SpaceError, StudyError, did_you_mean
from optuna_search.optuna_internals import backend_of
from optuna_search.secrets import without_credentials
from optuna_search.study.storages import JOURNAL, chosen_by_name, open_storage
from optuna_search.study.views import StudyView

_SQLITE = re.compile(r"sqlite(\+\w+)?:///(?!:memory:|file:|$)")


def open_study(storage: Any, name: str) -> StudyView:
    """Read a study.

    Args:
        storage: `journal:PATH`, a database's URL, `grpc://host:port`, or a mapping with `_target_`; also as a node of a
            Hydra configuration.
        name: The study's name.

    Raises:
        StudyError: There is no such file or study, the storage does not answer, or its driver is not installed.
    """
    with opened_study(storage, name) as study:
        return StudyView.of(study)


def set_study_attr(storage: Any, name: str, key: str, value: Any) -> None:
    """Keep something about a study that exists, as one of its attributes for users.

    Args:
        storage: As of `open_study()`.
        name: The study's name.
        key: The attribute; none of those in `optuna_search.attributes`, which are the sweeper's.
        value: What JSON can hold.

    Raises:
        StudyError: As of `open_study()`.
    """
    with opened_study(storage, name) as study:
        study.set_user_attr(key, value)


@contextmanager
def opened_study(storage: Any, name: str) -> Iterator[optuna.Study]:
    """A study as Optuna has it, within the block; its storage is closed behind it.

    Raises:
        StudyError: As `open_study()`; also for what goes wrong within the block.
    """
    spec = OmegaConf.to_container(OmegaConf.create([storage]), resolve=True)[0]  # type: ignore[index, unused-ignore]
    if spec is None:
        raise StudyError(
            "hydra.sweeper.storage=null keeps a study in memory only: it is gone when its sweep has ended."
        )
    for path in _files(spec):
        if not path.is_file():
            raise StudyError(f"There is no file of studies {path}; name another with hydra.sweeper.storage=….")
    where = _shown(spec)
    opened: BaseStorage | None = None
    try:
        with chosen_by_name():
            opened = open_storage(spec, create=False)
        names = optuna.get_all_study_names(opened)
        if name not in names:
            known = f" There are: {', '.join(names)}." if names else " There are none."
            raise StudyError(f"There is no study '{name}' in {where}.{did_you_mean(name, names)}{known}")
        yield optuna.load_study(study_name=name, storage=opened)
    except StudyError:
        raise
    except SpaceError as error:
        raise StudyError(str(error)) from error
    except Exception as error:  # each storage has errors of its own
        raise StudyError(f"The studies in {where} cannot be read: {_reason(error)}") from error
    finally:
        if opened is not None:
            _close(opened)


@contextmanager
def opening(name: str, spec: Any) -> Iterator[None]:
    """Say where and why a sweep's study cannot be opened, whatever the storage raises within the block.

    Raises:
        SpaceError: It cannot be.
    """
    try:
        yield
    except (HydraException, OmegaConfBaseException):
        raise
    except Exception as error:  # each storage has errors of its own
        raise SpaceError(
            f"The study '{name}' cannot be opened in {_shown(spec)}, which is hydra.sweeper.storage: {_reason(error)}"
        ) from error


def _files(spec: Any) -> Iterator[Path]:
    """The files that a storage would make if they were missing."""
    if isinstance(spec, dict):
        for key, value in spec.items():
            if key == "file_path":
                yield Path(str(value))
            else:
                yield from _files(value)
    elif isinstance(spec, str) and spec.startswith(JOURNAL):
        yield Path(spec.removeprefix(JOURNAL)).expanduser()
    elif isinstance(spec, str) and (database := _SQLITE.match(spec)):
        yield Path(spec[database.end() :].partition("?")[0])


def _shown(spec: Any) -> str:
    """A storage as an error names it: of a mapping its class and its address, for the rest may be secret."""
    if isinstance(spec, dict):
        spec = {key: spec[key] for key in ("_target_", "url", "host", "port") if key in spec}
    return without_credentials(str(spec))


def _reason(error: Exception) -> str:
    cause: BaseException = error
    while isinstance(cause, InstantiationException | StorageInternalError) and cause.__cause__ is not None:
        cause = cause.__cause__
    details = getattr(cause, "details", None)  # of gRPC's errors, whose text is a page
    text = str(details() if callable(details) else cause).strip()
    return without_credentials(f"{type(cause).__name__}: {text.splitlines()[0] if text else 'it does not say why'}")


def _close(storage: BaseStorage) -> None:
    storage.remove_session()
    backend = backend_of(storage)
    if isinstance(backend, RDBStorage):
        backend.engine.dispose()
    elif isinstance(backend, GrpcStorageProxy):
        backend.close()
