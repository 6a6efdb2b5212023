"""The real data set as the configuration describes it, prepared in a folder of the test."""

from pathlib import Path

from hydra import compose, initialize_config_dir

from src.config import app, schema
from src.config.sections import section
from src.data.build import ensure_prepared
from src.data.options import DataOptions
from src.data.prepared import PreparedData


def coco128(real_data: Path, root: Path, *overrides: str) -> PreparedData:
    """`data=coco128_person` from the archive at hand, with further overrides; prepared."""
    return ensure_prepared(coco128_options(real_data, root, *overrides))


def coco128_options(real_data: Path, root: Path, *overrides: str) -> DataOptions:
    """The options for it."""
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
