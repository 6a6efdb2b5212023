"""`python -m src.serve`: a registered model behind HTTP, with a page to try it and figures for Prometheus."""

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.terminal import standard_output
from src.detector.options import ProjectTrainOptions
from src.mlflow.options import TrackingOptions
from src.stages.serve.arguments import ServeArguments


@hydra.main(**app.root_with_arguments("serve"))
def main(cfg: DictConfig) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    from src.render import terminal
    from src.stages.serve.stage import serve, served  # so that --help does not wait

    with app.readable_errors():
        asked = arguments(cfg, ServeArguments)
        tracking = section(cfg, "tracking", TrackingOptions)
        with served(asked, tracking, device=section(cfg, "train", ProjectTrainOptions).device) as server:
            terminal.say(server.said, standard_output())
            serve(server)


if __name__ == "__main__":
    app.run(main)
