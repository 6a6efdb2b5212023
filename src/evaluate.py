"""`python -m src.evaluate`: what a trained model does in deployment."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from src.config import app
from src.config.sections import section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.detector.options import ModelOptions, ProjectTrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions


@hydra.main(**app.ROOT)
def main(cfg: DictConfig) -> None:
    """Evaluate the model of a training on val and test, and print what came out."""
    from src.mlflow.runs.pipeline_run import pipeline_run
    from src.render.printed.evaluation import show
    from src.stages.evaluate.pictures import draw
    from src.stages.evaluate.record import record, save
    from src.stages.evaluate.stage import EvaluateJob, evaluate  # so that --help does not wait

    with app.readable_errors():
        job = EvaluateJob(
            data=section(cfg, "data", DataOptions),
            model=section(cfg, "model", ModelOptions),
            train=section(cfg, "train", ProjectTrainOptions),
            evaluate=section(cfg, "evaluate", EvaluateOptions),
            tracking=section(cfg, "tracking", TrackingOptions),
            folder=Path(HydraConfig.get().runtime.output_dir),
        )
        outcome = evaluate(job)
        draw(outcome, job.evaluate.seed)
        save(outcome)
        with pipeline_run(job.tracking, outcome.evaluation.run_id) as run:
            record(outcome, run)
        show(outcome.evaluation, outcome.latency, outcome.folder, standard_output())


if __name__ == "__main__":
    app.run(main)
