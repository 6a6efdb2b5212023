"""`python -m src.prepare`: make a data set ready for training."""

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import section
from src.core.terminal import standard_output
from src.data.options import DataOptions
from src.documents.splits import DataSet


@hydra.main(**app.ROOT)
def main(cfg: DictConfig) -> None:
    """Prepare the data set that the section `data` describes, and print what it holds."""
    from src.render.printed.prepared import show
    from src.stages.prepare.stage import prepare  # so that --help does not wait for image libraries

    with app.readable_errors():
        data = prepare(section(cfg, "data", DataOptions))
        show(DataSet(data.name, data.digest), data.class_names, data.counts, data.data_yaml, standard_output())


if __name__ == "__main__":
    app.run(main)
