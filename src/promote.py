"""`python -m src.promote`: register the model of a run under an alias, or take the alias back (`--rollback`)."""

import sys
from pathlib import Path

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.decision.options import DecideOptions
from src.detector.options import ProjectTrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.stages.promote.arguments import PromoteArguments


@hydra.main(**app.root_with_arguments("promote"))
def main(cfg: DictConfig) -> None:
    """Promote, or roll back, as the arguments say."""
    from src.stages.promote.rollback import roll_back
    from src.stages.promote.stage import PromoteJob, promote  # so that --help does not wait
    from src.stages.promote.table import show, show_rollback

    with app.readable_errors():
        job = PromoteJob(
            arguments=arguments(cfg, PromoteArguments),
            tracking=section(cfg, "tracking", TrackingOptions),
            data=section(cfg, "data", DataOptions),
            train=section(cfg, "train", ProjectTrainOptions),
            evaluate=section(cfg, "evaluate", EvaluateOptions),
            training=Path(section(cfg, "decide", DecideOptions).training),
        )
        if job.arguments.rollback:
            show_rollback(roll_back(job), standard_output())
        else:
            show(promote(job), job.tracking.uri, standard_output())


if __name__ == "__main__":
    sys.argv[1:] = ["rollback=true" if argument == "--rollback" else argument for argument in sys.argv[1:]]
    app.run(main)
