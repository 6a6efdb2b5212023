"""The real data set as the configuration describes it."""

import hashlib
from pathlib import Path

from hydra import compose, initialize_config_dir

from src.config import app, schema
from src.config.sections import section
from src.data.options import DataOptions


def coco128_options(real_data: Path, root: Path, *overrides: str) -> DataOptions:
    """The options for `data=coco128_person` from the archive available, with further overrides."""
    schema.register()
    with initialize_config_dir(app.ROOT["config_path"], version_base="1.3"):
        config = compose(
            "config",
            overrides=[
                "hydra/sweeper=basic",
                "search=none",
                "data=coco128_person",
                f"data.archive={real_data / 'coco128.zip'}",
                f"data.root={root}",
                *overrides,
            ],
        )
    return section(config, "data", DataOptions)


class SharedCoco128:
    """The data set for all tests, none of which changes it: each list of overrides has a folder of its own."""

    def __init__(self, real_data: Path, folder: Path) -> None:
        self._real_data = real_data
        self._folder = folder

    def options(self, *overrides: str) -> DataOptions:
        """The options for it with further overrides."""
        name = hashlib.sha256(repr(overrides).encode()).hexdigest()[:12]
        return coco128_options(self._real_data, self._folder / name, *overrides)
