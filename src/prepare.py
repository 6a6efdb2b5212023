"""`python -m src.prepare`: make a data set ready for training."""

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.documents.splits import DataSet


@hydra.main(**app.root_with_arguments("prepare"))
def main(cfg: DictConfig) -> None:
    """Prepare the data set that the section `data` describes, and print what it holds."""
    from src.render.printed.prepared import show
    from src.stages.prepare.stage import prepare  # so that --help does not wait for image libraries

    with app.readable_errors():
        options = section(cfg, "data", DataOptions)
        data = prepare(options)
        show(DataSet(data.name, data.digest), data.class_names, data.counts, data.data_yaml, standard_output())
        if cfg.get("report", False):  # params.yaml has no such key
            from src.stages.prepare.look import look_at  # so that preparing alone does not wait for what draws

            print(f"Look at it: {look_at(cfg, data, options)}")


if __name__ == "__main__":
    app.run(main)
