"""A Hydra app whose jobs note where they ran, and whose configuration has values only once they are searched."""

import json
import os
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.utils import get_original_cwd, to_absolute_path
from omegaconf import DictConfig, OmegaConf


@hydra.main(version_base=os.environ.get("VERSION_BASE", "1.3"), config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float:
    found = {
        "cwd": str(Path.cwd()),
        "original": get_original_cwd(),
        "absolute": to_absolute_path("data"),
        "output": HydraConfig.get().runtime.output_dir,
        "label": cfg.label,
        "settings": OmegaConf.to_container(cfg, resolve=True),
    }
    Path("where.json").write_text(json.dumps(found))
    return float(cfg.x)


if __name__ == "__main__":
    main()
