"""`python -m src.tune_threshold`: the confidence threshold and NMS IoU to deploy a model with."""

import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from src.config import app
from src.config.sections import section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.mlflow.options import TrackingOptions
from src.thresholds.options import ThresholdOptions


@hydra.main(**app.ROOT)
def main(cfg: DictConfig) -> None:
    """Choose the operating point on val, evaluate it on test, and print what came out.

    Side effects: exits with status 3, after all files are written, when no threshold satisfies the constraint that the
    criterion has. A model that finds nothing at all ends with status 0, so that `dvc repro` continues and rejects it.
    """
    from src.mlflow.runs.pipeline_run import pipeline_run  # so that --help does not wait
    from src.render.printed.threshold import show
    from src.stages.tune_threshold.pictures import draw
    from src.stages.tune_threshold.record import record, save
    from src.stages.tune_threshold.stage import INFEASIBLE, TuneJob, tune_threshold

    with app.readable_errors():
        job = TuneJob(
            data=section(cfg, "data", DataOptions),
            threshold=section(cfg, "threshold", ThresholdOptions),
            tracking=section(cfg, "tracking", TrackingOptions),
            folder=Path(HydraConfig.get().runtime.output_dir),
        )
        outcome = tune_threshold(job)
        draw(outcome)
        save(outcome)
        with pipeline_run(job.tracking, outcome.evaluation.run_id) as run:
            record(outcome, run)
        show(outcome.threshold, outcome.broken_on_test, outcome.folder, standard_output())
    if outcome.point is None and job.threshold.has_constraint:
        sys.exit(INFEASIBLE)


if __name__ == "__main__":
    app.run(main)
