"""What a user can set about tracking: the section `tracking` of the configuration."""

from dataclasses import dataclass

from src.core.errors import ConfigError, did_you_mean
from src.core.secrets import check_tracking_uri

KINDS = ("mlflow", "none")
LOG_WEIGHTS = ("best", "all", "none")


@dataclass
class TrackingOptions:
    """Where runs are recorded and how much of them.

    Attributes:
        kind: `mlflow`, or `none` to record nothing.
        uri: MLflow's tracking URI, without a password; a relative SQLite file lies in the folder the program was
            started in.
        experiment: name of the MLflow experiment, created when missing.
        artifacts: folder or URI for the artifacts of a new experiment; empty leaves the choice to the server.
        log_weights: whose weights are uploaded: of the `best` trial of a study (and of a single training), of `all`
            trials, or of `none`.
        spool: folder where calls wait until they are delivered.
        wait_s: the longest that the end of a training or a study waits for its calls to be delivered, in seconds.

    Raises:
        ConfigError: a value is none of the valid ones.
    """

    kind: str = "mlflow"
    uri: str = "sqlite:///mlflow.db"
    experiment: str = "detection-search"
    artifacts: str = ""
    log_weights: str = "best"
    spool: str = ".tracking"
    wait_s: float = 30.0

    def __post_init__(self) -> None:
        _check_choice("kind", self.kind, KINDS)
        _check_choice("log_weights", self.log_weights, LOG_WEIGHTS)
        for key in ("uri", "experiment", "spool"):
            if not getattr(self, key).strip():
                raise ConfigError(f"tracking.{key} is empty; set it, or turn tracking off with tracking=none.")
        check_tracking_uri(self.uri)
        if self.uri.startswith("http") and self.artifacts and ":" not in self.artifacts:
            raise ConfigError(
                f"tracking.artifacts is the local folder '{self.artifacts}', but tracking.uri is a server, whose other"
                " users could not read it. Leave it empty, as tracking=server does."
            )
        if not self.wait_s >= 0:
            raise ConfigError(f"tracking.wait_s is {self.wait_s}; it has to be a number of seconds, 0 or more.")


def _check_choice(key: str, value: str, valid: tuple[str, ...]) -> None:
    if value not in valid:
        raise ConfigError(f"tracking.{key} is '{value}'; valid are {', '.join(valid)}.{did_you_mean(value, valid)}")
