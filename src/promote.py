"""`python -m src.promote`: register the model of a run under an alias, or take the alias back (`--rollback`)."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.secrets import without_credentials
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.decision.options import DecideOptions
from src.detector.options import ProjectTrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.location import located
from src.mlflow.options import TrackingOptions
from src.stages.promote.arguments import PromoteArguments

if TYPE_CHECKING:  # so that --help does not wait
    from src.render.printed.promotion import Promoted
    from src.stages.promote.stage import PromoteOutcome


@hydra.main(**app.root_with_arguments("promote"))
def main(cfg: DictConfig) -> None:
    """Promote, or roll back, as the arguments say."""
    from src.render.printed import promotion as printed
    from src.stages.promote.rollback import roll_back
    from src.stages.promote.stage import PromoteJob, promote  # so that --help does not wait

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
            back = roll_back(job)
            name, number = back.version.name, back.version.number
            printed.show_rollback(
                name, back.alias, number, taken_from=back.taken_from, left=back.left, console=standard_output()
            )
        else:
            printed.show(promoted(promote(job), job.tracking.uri), standard_output())


def promoted(outcome: "PromoteOutcome", uri: str) -> "Promoted":
    """What became of a model, in words and numbers."""
    from src.render.printed.promotion import Promoted

    comparison = outcome.against_incumbent
    here = ", which was evaluated on them for this" if comparison is not None and comparison.evaluated_here else ""
    return Promoted(
        name=outcome.version.name,
        number=outcome.version.number,
        is_new=outcome.is_new,
        alias=outcome.alias,
        before=outcome.before,
        facts=outcome.facts,
        reason=outcome.reason,
        comparison="" if comparison is None else f"It is {comparison.said}: {comparison}{here}.",
        agreement={backend: str(found) for backend, found in outcome.agreement.items()},
        store=without_credentials(located(uri, Path.cwd())),
        monitoring=outcome.monitoring,
    )


if __name__ == "__main__":
    sys.argv[1:] = ["rollback=true" if argument == "--rollback" else argument for argument in sys.argv[1:]]
    app.run(main)
