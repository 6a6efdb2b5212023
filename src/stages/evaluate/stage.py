"""The stage `evaluate`: what a trained model does in deployment, on val and test, with everything kept for later."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.errors import DataError
from src.data.build import ensure_prepared, is_prepared
from src.data.options import DataOptions
from src.data.prepared import PreparedData
from src.detector.families import check_weights
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.detector.suppression import suppress
from src.detector.validation import ValidationRequest, validate
from src.detector.weights import starting_weights
from src.documents.evaluation import CrossValidation, Evaluation
from src.documents.latency import Latency
from src.documents.predictions import CORRUPTED, TEST, UNTRAINED, VAL, Predictions, folder_of
from src.documents.training import Training
from src.evaluation.measures import Measures, measure
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.passes.predictions import predict_corrupted, predict_split
from src.stages.evaluate.cross_validation import cross_validate
from src.stages.evaluate.document import Measured, evaluation_of
from src.stages.evaluate.speed import measure_speed, model_size

ONNX = "model.onnx"


@dataclass(frozen=True)
class EvaluateJob:
    """Everything an evaluation needs to know.

    Attributes:
        data: Which data.
        model: Where the training started, which is what it is compared with.
        train: How it was trained; its device and threads are those of the evaluation too.
        evaluate: What to measure.
        tracking: Where to record.
        folder: Where to write.
    """

    data: DataOptions
    model: ModelOptions
    train: ProjectTrainOptions
    evaluate: EvaluateOptions
    tracking: TrackingOptions
    folder: Path


@dataclass(frozen=True)
class EvaluateOutcome:
    """What an evaluation yields.

    Attributes:
        data: What it was made on.
        training: What the training said about itself; None for weights from elsewhere.
        evaluation: What was found.
        latency: How fast the model is.
        predictions: By split.
        measures: By split, all that was measured on it.
        corrupted: By corruption, the same for the test set (or val, where there is no test set).
        folder: Where everything was written.
    """

    data: PreparedData
    training: Training | None
    evaluation: Evaluation
    latency: Latency
    predictions: Mapping[str, Predictions]
    measures: Mapping[str, Measures]
    corrupted: Mapping[str, Measures]
    folder: Path

    @property
    def last_split(self) -> str:
        """The split for metrics that are given for one only: test, or val where there is no test set."""
        return list(self.measures)[-1]

    @property
    def example(self) -> str:
        """The image of that split with the detection of the highest score, by its path below the data set's folder."""
        measures = self.measures[self.last_split]
        scores, image_index = measures.detections.scores, measures.detections.image_index
        return measures.truth.files[int(image_index[scores.argmax()]) if len(scores) else 0]


def evaluate(job: EvaluateJob) -> EvaluateOutcome:
    """Predict every image of val and test once, and measure the predictions.

    Side effects: prepares the data if it is not there; writes predictions and the export to ONNX into the job's
    folder.

    Raises:
        DataError: there is no training, or the data are others than those it was trained on.
        TrainingError: the weights cannot be used.
    """
    training = _training(job)
    data = _data(job, training)
    weights = Path(job.evaluate.weights or Path(job.evaluate.training) / "weights" / "best.pt")
    imgsz = training.imgsz if training else int(job.train.arguments["imgsz"])
    request = _request(job, data, weights, imgsz)
    splits = [split for split in (VAL, TEST) if split in data.counts and data.counts[split].images]
    predictor = Predictor(request)
    predictions = _predicted(predictor, data, splits, folder_of(job.folder))
    measured = Measured(
        splits={split: _measured(found) for split, found in predictions.items()},
        untrained=_untrained(job, data, imgsz, splits),
        corrupted=_corrupted(job, data, predictor, predictions[splits[-1]]),
        ultralytics={split: validate(_validation(job, data, weights, imgsz, split)) for split in splits},
        cross_validation=_cross_validation(job, data),
    )
    timed = predictions[splits[-1]].truth.files[: job.evaluate.latency_warmup + job.evaluate.latency_runs]
    latency = measure_speed(request, [read_image(data.root / file) for file in timed], job.evaluate, job.folder / ONNX)
    model = model_size(predictor, weights, job.folder / ONNX if latency.onnx else None, imgsz)
    run_id = training.run_id if training else None
    return EvaluateOutcome(
        data=data,
        training=training,
        evaluation=evaluation_of(
            measured, run_id=run_id, weights=weights, data=data, model=model, options=job.evaluate
        ),
        latency=latency,
        predictions=predictions,
        measures=measured.splits,
        corrupted=measured.corrupted,
        folder=job.folder,
    )


def _training(job: EvaluateJob) -> Training | None:
    """What the training said about itself; None where weights are named.

    Raises:
        DataError: there are none of either.
        ConfigError: the weights are those of no detector.
    """
    options = job.evaluate
    if options.weights is not None:
        if not Path(options.weights).is_file():
            raise DataError(f"evaluate.weights={options.weights}: there is no such file.")
        if not job.model.trust_pickle:
            check_weights(Path(options.weights), "evaluate.weights")
        return None
    return Training.read(
        Path(options.training),
        otherwise="name the folder of a training with evaluate.training=…, or weights with evaluate.weights=…",
    )


def _data(job: EvaluateJob, training: Training | None) -> PreparedData:
    """The data set that was trained on.

    Raises:
        DataError: the configuration describes another one. The one that is there is not overwritten.
    """
    trained_on = training.data if training else None
    would_replace = job.data.folder.exists() and not is_prepared(job.data)
    data = None if trained_on and would_replace else ensure_prepared(job.data)
    if data is None or (trained_on and data.digest != trained_on.digest):
        assert trained_on, "data are refused only where it is known what the model was trained on"
        raise DataError(
            f"The model in {job.evaluate.training} was trained on '{trained_on.name}' with digest"
            f" {trained_on.digest[:12]}…, which is not what the configuration describes (data.name={job.data.name}):"
            " val and test might hold images that it was trained on. Run with the configuration of that training"
            " (in the pipeline: -cd . -cn params), or train again."
        )
    return data


def _request(job: EvaluateJob, data: PreparedData, weights: Path | None, imgsz: int) -> PredictionRequest:
    return PredictionRequest(
        class_names=data.class_names,
        imgsz=imgsz,
        weights=weights,
        architecture=None if weights else job.model.architecture,
        device=job.train.device,
        threads=job.train.threads,
        trust_pickle=job.model.trust_pickle,
    )


def _validation(job: EvaluateJob, data: PreparedData, weights: Path, imgsz: int, split: str) -> ValidationRequest:
    return ValidationRequest(
        data_yaml=data.data_yaml,
        class_names=data.class_names,
        imgsz=imgsz,
        batch=max(1, int(job.train.arguments["batch"])),
        weights=weights,
        device=job.train.device,
        threads=job.train.threads,
        trust_pickle=job.model.trust_pickle,
        split=split,
    )


def _predicted(predictor: Predictor, data: PreparedData, splits: list[str], folder: Path) -> dict[str, Predictions]:
    """What a model says about each split, kept in a folder of its name."""
    predictions = {split: predict_split(predictor, data, split) for split in splits}
    for split, found in predictions.items():
        found.save(folder / split)
    return predictions


def _measured(found: Predictions) -> Measures:
    return measure(suppress(found.raw), found.truth)


def _untrained(job: EvaluateJob, data: PreparedData, imgsz: int, splits: list[str]) -> dict[str, Measures]:
    if not job.train.baseline:
        return {}
    predictor = Predictor(_request(job, data, starting_weights(job.model), imgsz))
    predictions = _predicted(predictor, data, splits, folder_of(job.folder, UNTRAINED))
    return {split: _measured(found) for split, found in predictions.items()}


def _corrupted(job: EvaluateJob, data: PreparedData, predictor: Predictor, clean: Predictions) -> dict[str, Measures]:
    measures = {}
    for corruption in job.evaluate.corruptions:
        found = predict_corrupted(predictor, data, clean.truth, corruption, job.evaluate.seed)
        found.save(folder_of(job.folder, CORRUPTED, corruption))
        measures[corruption] = _measured(found)
    return measures


def _cross_validation(job: EvaluateJob, data: PreparedData) -> CrossValidation | None:
    if not job.evaluate.folds:
        return None
    return cross_validate(data, job.train, job.model, folds=job.evaluate.folds, seed=job.evaluate.seed)
