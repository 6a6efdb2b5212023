"""Names of registered models and of their aliases."""

import re

from src.core.errors import ConfigError

_NAME = re.compile(r"[\w][\w .+-]*")
_ALIAS = re.compile(r"[\w-]+")
_RESERVED = re.compile(r"[vV]\d+|latest", re.IGNORECASE)


def check_name(name: str) -> None:
    """Refuse what cannot name a registered model.

    Raises:
        ConfigError: it cannot.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(f"name={name}: a model's name has letters, digits, spaces and _ . + - only.")


def check_alias(alias: str) -> None:
    """Refuse what cannot be an alias.

    Raises:
        ConfigError: it cannot.
    """
    if not _ALIAS.fullmatch(alias) or _RESERVED.fullmatch(alias):
        raise ConfigError(
            f"alias={alias}: an alias has letters, digits, _ and - only; `latest` and `v` with a number are MLflow's"
            " own."
        )
