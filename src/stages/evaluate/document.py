"""The document of an evaluation, made from everything that was measured."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.files import sha256_of
from src.data.prepared import PreparedData
from src.detector.validation import Validation
from src.documents.evaluation import (
    Corrupted,
    CrossValidation,
    EvaluatedData,
    Evaluation,
    ModelSize,
    UltralyticsMetrics,
)
from src.documents.splits import BySplit
from src.evaluation.corruptions import CORRUPTIONS
from src.evaluation.measures import Measures, differences
from src.evaluation.options import EvaluateOptions


@dataclass(frozen=True)
class Measured:
    """Everything that an evaluation has measured.

    Attributes:
        splits: By split, what the model does.
        untrained: The same for what the training started from; empty where `train.baseline` is off.
        corrupted: By corruption, the same for the test set (or val, where there is no test set).
        ultralytics: By split, what Ultralytics' own validation reports.
        cross_validation: None where it was not asked for.
    """

    splits: Mapping[str, Measures]
    untrained: Mapping[str, Measures]
    corrupted: Mapping[str, Measures]
    ultralytics: Mapping[str, Validation]
    cross_validation: CrossValidation | None


def evaluation_of(
    measured: Measured,
    *,
    run_id: str | None,
    weights: Path,
    data: PreparedData,
    model: ModelSize,
    options: EvaluateOptions,
) -> Evaluation:
    """The content of `evaluation.json`."""
    return Evaluation(
        run_id=run_id,
        weights=weights,
        weights_sha256=sha256_of(weights),
        data=EvaluatedData(data.name, data.digest, data.counts),
        model=model,
        splits=BySplit.of({split: measures.evaluated() for split, measures in measured.splits.items()}),
        untrained=BySplit.of({split: measures.evaluated() for split, measures in measured.untrained.items()}),
        difference=BySplit.of(
            {
                split: differences(measured.splits[split], before, exchanges=options.resamples, seed=options.seed)
                for split, before in measured.untrained.items()
            }
        ),
        robustness={
            name: Corrupted(CORRUPTIONS[name].severity, measures.metrics.map50, measures.metrics.recall)
            for name, measures in measured.corrupted.items()
        },
        ultralytics=BySplit.of({split: _ultralytics(split, found) for split, found in measured.ultralytics.items()}),
        cross_validation=measured.cross_validation,
    )


def _ultralytics(split: str, validation: Validation) -> UltralyticsMetrics:
    return UltralyticsMetrics(
        precision=validation.precision,
        recall=validation.recall,
        map50=validation.metrics[f"{split}/mAP50"],
        map50_95=validation.metrics[f"{split}/mAP50-95"],
    )
