"""What the command `promote` is told beside the configuration."""

from dataclasses import dataclass

from omegaconf import MISSING

from src.core.errors import ConfigError
from src.mlflow.registry.description import REJECTED
from src.mlflow.registry.names import check_alias, check_name


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
        check_name(self.name)
        check_alias(self.alias)
        if self.record not in (None, REJECTED):
            raise ConfigError(f"record={self.record}: expected {REJECTED}, or nothing for a model that was accepted.")
        if self.rollback and (self.run or self.record):
            raise ConfigError(
                "rollback gives the alias back to the version that had it before; leave run=… and record=… out."
            )
