"""What the command `serve` is told beside the configuration."""

from dataclasses import dataclass

from omegaconf import MISSING

from src.core.errors import ConfigError
from src.mlflow.registry.names import check_alias, check_name
from src.mlflow.registry.package import BACKENDS

_LAST_PORT = 65535


@dataclass
class ServeArguments:
    """Which model answers, and where.

    Attributes:
        name: Of the registered model.
        alias: The version that has it when the server starts is served until the server ends.
        backend: `pytorch` runs the weights, `onnx` their export.
        host: The address that is listened at.
        port: 0 takes a free one.

    Raises:
        ConfigError: naming the argument, when constructed with values that cannot work.
    """

    name: str = MISSING
    alias: str = "staging"
    backend: str = "pytorch"
    host: str = "127.0.0.1"
    port: int = 5050

    def __post_init__(self) -> None:
        check_name(self.name)
        check_alias(self.alias)
        if self.backend not in BACKENDS:
            raise ConfigError(f"backend={self.backend}: expected {' or '.join(BACKENDS)}.")
        if not 0 <= self.port <= _LAST_PORT:
            raise ConfigError(f"port={self.port}: expected a number up to {_LAST_PORT}; 0 takes a free port.")
