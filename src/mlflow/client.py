"""The one place that makes a client of MLflow: its address, its time-outs, its messages and its exceptions.

A client has its own URI, and MLflow's fluent functions are never used, so that nothing here changes how other
code uses MLflow. MLflow takes seconds to import: nothing here imports it before it is needed.
"""

import logging
import os
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from src.core.errors import ProjectError, TrackingError
from src.core.secrets import without_credentials
from src.mlflow.errors import RunNotFoundError, StoreRefusedError, StoreUnavailableError
from src.mlflow.location import sqlite_file

if TYPE_CHECKING:
    import requests
    from mlflow.tracking import MlflowClient

# Files go through MLflow's server. Where its store is S3, the server offers addresses within the store instead, of a
# host that may be known to the server's network only: a client would ask for it until it gives up.
_THROUGH_THE_SERVER = {
    "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD": "false",
    "MLFLOW_ENABLE_PROXY_MULTIPART_UPLOAD": "false",
}
# MLflow's client must not repeat requests for the courier: it would repeat the creation of a run whose answer was lost,
# which makes two. The courier repeats them itself, and looks first; its time-out is doubled with each failure.
COURIER_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "OMP_NUM_THREADS": "1",
    **_THROUGH_THE_SERVER,
}
COURIER_ENVIRONMENT_FIXED = {"MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0"}
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    **_THROUGH_THE_SERVER,
}
_LONGEST_TIMEOUT_S = 120  # MLflow's own
_LOGGERS = ("mlflow", "alembic")

# Not BAD_REQUEST: so MLflow's client calls an answer 400 of whatever stands between it and the server.
_REFUSALS = {"INVALID_PARAMETER_VALUE", "MALFORMED_REQUEST", "INVALID_STATE", "RESOURCE_ALREADY_EXISTS"}
_UNKNOWN = {"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND"}
_TOO_LARGE = 413


def new_client(uri: str) -> "MlflowClient":
    """A client of the store, and of the registry, at a tracking URI.

    Raises:
        StoreUnavailableError: the database or server cannot be opened.
    """
    with translated(f"opening {uri}"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # MLflow's own, on import
            from mlflow.tracking import MlflowClient

        return MlflowClient(tracking_uri=uri, registry_uri=uri)


@contextmanager
def connected(uri: str) -> Iterator["MlflowClient"]:
    """A client for a command that reads or registers, and does not wait for ever.

    Side effects: until it is closed, environment variables of this process, which MLflow reads before each request, and
    the levels of loggers.

    Raises:
        TrackingError: there is no such database.
        StoreUnavailableError: the store cannot be opened.
    """
    file = sqlite_file(uri)
    if file is not None and not file.is_file():
        raise TrackingError(
            f"There is no MLflow store {without_credentials(uri)}; set tracking.uri to where the runs were recorded."
        )
    wanted = {name: os.environ.get(name, value) for name, value in _ENVIRONMENT.items()}
    # with the URI, because MLflow resolves `models:/…` only in the store that the environment names
    with _environment({**wanted, "MLFLOW_TRACKING_URI": uri}), quiet():
        yield new_client(uri)


@contextmanager
def quiet(*others: str) -> Iterator[None]:
    """Let MLflow, its database tool and the loggers of these names log errors only."""
    loggers = [logging.getLogger(name) for name in (*_LOGGERS, *others)]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn whatever MLflow, its database driver and its HTTP client raise into the errors of src/mlflow/errors.py.

    Args:
        what: What is tried; it begins the message, in which credentials are hidden.
    """
    try:
        yield
    except ProjectError:  # says what is wrong already
        raise
    except Exception as error:  # MLflow, requests, urllib3, SQLAlchemy, boto: they share no base class
        kind, reason = _kind_of(error)
        raise kind(without_credentials(f"{what} failed: {reason}")) from error


def wait_longer_next_time() -> None:
    """Double the time-out of requests: a server may be so slow that it never answers in the time it has had so far.

    Side effects: changes an environment variable of this process, which MLflow's client reads before each request.
    """
    from mlflow.environment_variables import MLFLOW_HTTP_REQUEST_TIMEOUT

    timeout_s = MLFLOW_HTTP_REQUEST_TIMEOUT.get()
    if timeout_s < _LONGEST_TIMEOUT_S:
        MLFLOW_HTTP_REQUEST_TIMEOUT.set(min(2 * timeout_s, _LONGEST_TIMEOUT_S))


def _kind_of(error: Exception) -> tuple[type[TrackingError], str]:
    """What an exception means, and its reason in one line."""
    import requests
    from mlflow.exceptions import MlflowException

    if isinstance(error, MlflowException):
        if error.error_code in _UNKNOWN:
            return RunNotFoundError, _first_line(error)
        if error.error_code in _REFUSALS:
            return StoreRefusedError, _first_line(error)
        return StoreUnavailableError, _first_line(_root(error))
    root = _root(error)
    refused = isinstance(error, requests.HTTPError) and _will_never_be_taken(error)
    return StoreRefusedError if refused else StoreUnavailableError, f"{type(root).__name__}: {_first_line(root)}"


def _will_never_be_taken(error: "requests.HTTPError") -> bool:
    """Whether an artifact is too large, or MLflow itself does not like its name."""
    if error.response.status_code == _TOO_LARGE:
        return True
    try:
        return error.response.json()["error_code"] in _REFUSALS
    except (ValueError, TypeError, KeyError):  # the answer is not MLflow's
        return False


def _root(error: BaseException) -> BaseException:
    """What was wrong in the first place: `Connection refused`, not how often which client tried which address."""
    while cause := error.__cause__ or error.__context__:
        error = cause
    return error


def _first_line(error: BaseException) -> str:
    return str(error).strip().split("\n", 1)[0]


@contextmanager
def _environment(wanted: Mapping[str, str]) -> Iterator[None]:
    before: dict[str, Any] = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
