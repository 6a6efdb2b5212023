"""`python -m src.decide`: judge the trained model and write the report."""

from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from src.config import app
from src.config.provenance import Provenance
from src.config.sections import section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.decision.options import DecideOptions
from src.mlflow.options import TrackingOptions


@hydra.main(**app.ROOT)
def main(cfg: DictConfig) -> None:
    """Judge the model by the gates of the section `decide`; a rejected model is a result, not an error."""
    from src.mlflow.runs.pipeline_run import pipeline_run
    from src.render.printed.decision import show
    from src.stages.decide.record import record
    from src.stages.decide.stage import DecideJob, decide  # so that --help does not wait for image libraries

    with app.readable_errors():
        job = DecideJob(
            options=section(cfg, "decide", DecideOptions),
            data=section(cfg, "data", DataOptions).folder,
            folder=Path(HydraConfig.get().runtime.output_dir),
            provenance=section(cfg, "provenance", Provenance),
        )
        outcome = decide(job)
        tracking = section(cfg, "tracking", TrackingOptions)
        with pipeline_run(tracking, outcome.decision.candidate.run_id) as run:
            record(outcome, run)
        show(outcome.decision, outcome.folder, standard_output())


if __name__ == "__main__":
    app.run(main)
