"""What a user can set about the evaluation: the section `evaluate` of the configuration."""

from dataclasses import dataclass, field

from src.core.errors import ConfigError, did_you_mean
from src.evaluation.corruptions import CORRUPTIONS


@dataclass
class EvaluateOptions:
    """Which weights are evaluated, and how thoroughly.

    Attributes:
        training: Folder of the training whose `weights/best.pt` is evaluated.
        weights: A weights file to evaluate instead; null for those of the training.
        corruptions: Under which corruptions the test set is evaluated too; an empty list for none.
        resamples: How often two models are exchanged on random images, behind the verdict on their difference.
        seed: Of these, the corruptions and the folds.
        folds: Into how many folds cross-validation cuts train and val; 0 for no cross-validation. Each fold costs a
            training.
        latency_runs: How many single-image passes are timed; they take the test images in turn, again and again.
        latency_warmup: How many are run before, untimed.
        onnx: Whether the model is exported to ONNX, compared and timed as well.

    Raises:
        ConfigError: naming the key, when constructed with a value that cannot work.
    """

    training: str = "outputs/pipeline/train"
    weights: str | None = None
    corruptions: list[str] = field(default_factory=lambda: list(CORRUPTIONS))
    resamples: int = 1000
    seed: int = 0
    folds: int = 0
    latency_runs: int = 200
    latency_warmup: int = 10
    onnx: bool = True

    def __post_init__(self) -> None:
        if not self.training.strip() and not self.weights:
            raise ConfigError(
                "evaluate.training and evaluate.weights are both empty: name the folder of a training, or a file of "
                "weights."
            )
        self._check_corruptions()
        for key, least in (("resamples", 1), ("seed", 0), ("latency_runs", 1), ("latency_warmup", 0)):
            if getattr(self, key) < least:
                raise ConfigError(f"evaluate.{key}={getattr(self, key)}: expected {least} or more.")
        if self.folds < 0 or self.folds == 1:
            raise ConfigError(
                f"evaluate.folds={self.folds}: expected 2 or more folds, or 0 for no cross-validation; with one fold "
                "there is nothing left to train on."
            )

    def _check_corruptions(self) -> None:
        for name in self.corruptions:
            if name not in CORRUPTIONS:
                raise ConfigError(
                    f"evaluate.corruptions: '{name}' is no corruption.{did_you_mean(name, CORRUPTIONS)} "
                    f"There are: {', '.join(CORRUPTIONS)}."
                )
        repeated = sorted({name for name in self.corruptions if self.corruptions.count(name) > 1})
        if repeated:
            raise ConfigError(f"evaluate.corruptions names {', '.join(repeated)} twice; each once is enough.")
