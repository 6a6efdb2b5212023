"""Secrets: what looks like one, hidden in what is shown, and refused where it would be written down.

A secret comes from the environment of a process. On the command line it would be kept in Hydra's record of the run, in
the shell's history and in the list of processes; in a URL it would be kept wherever the URL is.
"""

import shlex
from collections.abc import Iterable, MutableMapping
from urllib.parse import unquote, urlsplit, urlunsplit

from optuna_search.secrets import HIDDEN, has_password, is_secret, without_credentials

from src.core.errors import ConfigError

__all__ = ["has_password", "without_credentials"]

_TRACKING_URI = "MLFLOW_TRACKING_URI"
_USERNAME, _PASSWORD = "MLFLOW_TRACKING_USERNAME", "MLFLOW_TRACKING_PASSWORD"


def command_line(arguments: Iterable[str]) -> str:
    """A command line in which the values of password-like settings and the credentials in URLs are hidden."""
    return shlex.join(_hidden(argument) for argument in arguments)


def refuse_secrets(arguments: Iterable[str]) -> None:
    """Refuse a command line that holds a secret, before anything writes it down.

    Raises:
        ConfigError: an argument is a password-like setting with a value, or a URL with a password.
    """
    for argument in arguments:
        name, equals, value = argument.partition("=")
        if has_password(argument) or (equals and is_secret(name, value)):
            raise ConfigError(
                f"{name if equals else 'An argument'} holds a secret, which Hydra would write into the files of the"
                f" run. {_remedy(name)}"
            )


def adopt_tracking_credentials(environment: MutableMapping[str, str]) -> None:
    """Take the credentials out of MLFLOW_TRACKING_URI, into the two variables in which MLflow looks for them as well.

    Whatever then reads the URI (the configuration, the spool, tags, messages) cannot pass the password on.

    Side effects: changes `environment`.
    """
    uri = environment.get(_TRACKING_URI, "")
    if not uri.startswith(("http://", "https://")) or without_credentials(uri) == uri:
        return
    parts = urlsplit(uri)
    userinfo, _, host = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    environment[_TRACKING_URI] = urlunsplit(parts._replace(netloc=host))
    environment.setdefault(_USERNAME, unquote(user))
    environment.setdefault(_PASSWORD, unquote(password))


def check_tracking_uri(uri: str) -> None:
    """Refuse a tracking URI with a password.

    Raises:
        ConfigError: it has one.
    """
    if has_password(uri):
        raise ConfigError(
            f"tracking.uri={without_credentials(uri)} holds a password, which would be kept with every run."
            f" {_remedy('tracking.uri')}"
        )


def _remedy(name: str) -> str:
    if name.lstrip("+~").startswith("tracking."):
        return (
            f"Leave it out, and give {_USERNAME} and {_PASSWORD} in the environment, or the whole URL as"
            f" {_TRACKING_URI}; for a database PGPASSWORD, or ~/.pgpass."
        )
    if name.lstrip("+~").startswith("hydra.sweeper.storage"):
        return (
            "Leave it out, and give PGPASSWORD in the environment, or ~/.pgpass; or put the whole URL into an"
            " environment variable and set hydra.sweeper.storage='${oc.env:OPTUNA_STORAGE}'."
        )
    return "Put it into an environment variable; the setting then says '${oc.env:NAME}'."


def _hidden(argument: str) -> str:
    name, equals, value = argument.partition("=")
    if equals and is_secret(name, value):
        return f"{name}={HIDDEN}"
    return without_credentials(argument)
