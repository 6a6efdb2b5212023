"""What the command `promote` is told beside the configuration."""

import re
from dataclasses import dataclass

from omegaconf import MISSING

from src.core.errors import ConfigError
from src.mlflow.registry.description import REJECTED

_NAME = re.compile(r"[\w][\w .+-]*")
_ALIAS = re.compile(r"[\w-]+")
_RESERVED = re.compile(r"[vV]\d+|latest", re.IGNORECASE)


@dataclass
class PromoteArguments:
    """Which model, and what is to become of it.

    Attributes:
        run: The training's run in MLflow.
        name: Of the registered model.
        alias: What the model is to be found under.
        record: `rejected` registers a model that was not accepted, without an alias.
        rollback: Give the alias back to the version that had it before.

    Raises:
        ConfigError: naming the argument, when constructed with values that cannot work.
    """

    run: str | None = None
    name: str = MISSING
    alias: str = "staging"
    record: str | None = None
    rollback: bool = False

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ConfigError(f"name={self.name}: a model's name has letters, digits, spaces and _ . + - only.")
        if not _ALIAS.fullmatch(self.alias) or _RESERVED.fullmatch(self.alias):
            raise ConfigError(
                f"alias={self.alias}: an alias has letters, digits, _ and - only; `latest` and `v` with a number are"
                " MLflow's own."
            )
        if self.record not in (None, REJECTED):
            raise ConfigError(f"record={self.record}: expected {REJECTED}, or nothing for a model that was accepted.")
        if self.rollback and (self.run or self.record):
            raise ConfigError(
                "rollback gives the alias back to the version that had it before; leave run=… and record=… out."
            )
