"""`python -m src.monitor`: whether production's pictures are still those that a registered model was judged on."""

import sys
import time
from pathlib import Path

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.terminal import standard_output
from src.detector.options import ProjectTrainOptions
from src.documents.monitor import Outcome
from src.mlflow.options import TrackingOptions
from src.stages.monitor.arguments import MonitorArguments


@hydra.main(**app.root_with_arguments("monitor"))
def main(cfg: DictConfig) -> None:
    """Look at the pictures, write and record what they say.

    Side effects: exits with status 4, after all is written, for an alarm.
    """
    from src.render.printed import monitor as printed
    from src.stages.monitor.record import record, save
    from src.stages.monitor.stage import ALARM, MonitorJob, monitor  # so that --help does not wait

    with app.readable_errors():
        job = MonitorJob(
            arguments=arguments(cfg, MonitorArguments),
            tracking=section(cfg, "tracking", TrackingOptions),
            train=section(cfg, "train", ProjectTrainOptions),
        )
        folder = Path(job.arguments.output)
        outcome = monitor(job)
        save(outcome, folder, time.time())
        record(outcome, folder, job.tracking)
        printed.show(outcome.document, folder, standard_output())
    if outcome.document.outcome is Outcome.ALARM:
        sys.exit(ALARM)


if __name__ == "__main__":
    app.run(main)
