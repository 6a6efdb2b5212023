"""Where a frozen configuration came from: the section `provenance`, which `src.freeze` fills in."""

from dataclasses import dataclass, field


@dataclass
class Provenance:
    """What a configuration was composed from; empty for one that was composed just now.

    Attributes:
        overrides: Everything that was said on the command line, the trial's parameters included: composing `conf/`
            with them gives the configuration again.
        study: The study whose trial it is.
        trial: That trial's number.
        storage: Where the study lies.
        mlflow_run_id: The study's run in MLflow.
        study_record: What the study had found then, for the stage decide to read and DVC to watch; the project's own
            code if there is no study.
        data: File or folder that the data set is made from, for DVC to watch; the project's own code if none is.
        description: File that describes the data set and lies elsewhere, likewise.
        weights: File that training starts from, for DVC to watch; the project's own code if none is.
    """

    overrides: list[str] = field(default_factory=list)
    study: str | None = None
    trial: int | None = None
    storage: str | None = None
    mlflow_run_id: str | None = None
    study_record: str = "src/study"
    data: str = "src/data"
    description: str = "src/data"
    weights: str = "src/detector"
