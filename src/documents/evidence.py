"""What the stages before a decision measured."""

from dataclasses import dataclass
from pathlib import Path

from src.core.errors import DataError
from src.documents.evaluation import EvaluatedSplit, Evaluation
from src.documents.latency import Backend, Latency, RuntimeLatency
from src.documents.threshold import Threshold
from src.documents.training import Training


@dataclass(frozen=True)
class Evidence:
    """The documents about one model.

    Attributes:
        training: Of the stage train.
        evaluation: Of the stage evaluate.
        threshold: Of the stage tune_threshold.
        latency: Of the stage evaluate.
        backend: Whose latency counts.
    """

    training: Training
    evaluation: Evaluation
    threshold: Threshold
    latency: Latency
    backend: Backend = Backend.PYTORCH

    @staticmethod
    def read(*, training: Path, evaluation: Path, threshold: Path, backend: Backend) -> "Evidence":
        """Read the documents in the folders of the stages.

        Raises:
            DataError: one is missing or broken, or they are about different data.
        """
        instead = "say where it is with decide.{}=…".format
        found = Evidence(
            training=Training.read(training, otherwise=instead("training")),
            evaluation=Evaluation.read(evaluation, otherwise=instead("evaluation")),
            threshold=Threshold.read(threshold, otherwise=instead("threshold")),
            latency=Latency.read(evaluation, otherwise=instead("evaluation")),
            backend=backend,
        )
        trained_on, evaluated_on = found.training.data.digest, found.evaluation.data.digest
        if trained_on != evaluated_on:
            raise DataError(
                f"{evaluation} is about other data than {training} (digest {evaluated_on[:12]}…, not"
                f" {trained_on[:12]}…): run `python -m src.evaluate` and `python -m src.tune_threshold` again."
            )
        return found

    @property
    def test(self) -> EvaluatedSplit | None:
        """What the model does on test; None where there is no test split."""
        return self.evaluation.splits.test

    @property
    def runtime(self) -> RuntimeLatency | None:
        """The latency that counts; None where it was not measured."""
        return self.latency.of(self.backend)
