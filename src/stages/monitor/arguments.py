"""What the command `monitor` is told beside the configuration."""

from dataclasses import dataclass

from omegaconf import MISSING

from src.core.errors import ConfigError
from src.mlflow.registry.names import check_alias, check_name
from src.monitoring.scenes import scene_of


@dataclass
class MonitorArguments:
    """Which model is watched, and on which pictures.

    Attributes:
        name: Of the registered model.
        alias: The version that has it is watched.
        images: Folder of the window's pictures.
        group: What shows one scene, see `src.monitoring.scenes.scene_of`; None for pictures that are nearly the same.
        labels: Folder of label files, each with the name of its picture; None without labels.
        against: Alias of another version, which the labelled pictures are given to, too.
        rebase: Make the window the reference.
        output: Folder for what is written.

    Raises:
        ConfigError: naming the argument, when constructed with values that cannot work.
    """

    name: str = MISSING
    alias: str = "production"
    images: str = MISSING
    group: str | None = None
    labels: str | None = None
    against: str | None = None
    rebase: bool = False
    output: str = MISSING

    def __post_init__(self) -> None:
        check_name(self.name)
        check_alias(self.alias)
        if self.group is not None:
            scene_of(self.group)
        if self.against is None:
            return
        check_alias(self.against)
        if self.labels is None:
            raise ConfigError(f"against={self.against}: two versions are compared on labelled pictures; give labels=….")
        if self.against == self.alias:
            raise ConfigError(f"against={self.against}: that is the version that is watched; name another alias.")
