"""`python -m src.confirm study=NAME`: train a study's leading settings with fresh seeds, and judge them by that."""

from functools import partial

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.terminal import standard_output
from src.mlflow.options import TrackingOptions
from src.stages.confirm.options import ConfirmOptions

_OWN = ("study", "top", "seeds")


@hydra.main(**app.root_with_arguments("confirm"))
def main(cfg: DictConfig) -> None:
    """Train and judge; all other overrides are passed on to the trainings."""
    from src.render import terminal
    from src.stages.confirm.record import record, save
    from src.stages.confirm.stage import ConfirmJob, train_and_judge  # so that --help does not wait for Optuna
    from src.study.pages.confirmation import remarks, settings_table

    with app.readable_errors():
        hydra_config = HydraConfig.get()
        said = [*hydra_config.overrides.task, *hydra_config.overrides.hydra]
        storage, console = hydra_config.sweeper.storage, standard_output()
        outcome = train_and_judge(
            ConfirmJob(
                options=arguments(cfg, ConfirmOptions),
                storage=storage,
                overrides=tuple(o for o in said if o.partition("=")[0] not in (*_OWN, "hydra.mode")),
            ),
            tell=partial(console.rule, align="left"),
        )
        save(outcome, storage)
        record(outcome, section(cfg, "tracking", TrackingOptions))
        console.rule(f"{outcome.found.study}: {outcome.found.metric} with fresh seeds", align="left")
        terminal.show(settings_table(outcome.found), console)
        terminal.say(remarks(outcome.found), console)


if __name__ == "__main__":
    app.run(main)
