"""What pyproject.toml cannot say: the configuration lies beside the code, and is installed as a part of it (ADR 13)."""

from pathlib import Path

from setuptools import find_packages, setup

CONF = Path("conf")
FOLDERS = {
    ".".join(("detection_search", *folder.parts)): str(folder)
    for folder in (CONF, *sorted(path for path in CONF.rglob("*") if path.is_dir()))
}

setup(
    packages=[*find_packages(include=["src*", "detection_search*"]), *FOLDERS],
    package_dir=FOLDERS,
    package_data={"": ["*.yaml", "py.typed"], "src.render": ["templates/*"]},
)
