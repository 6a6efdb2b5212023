from pathlib import Path

import pytest

from benchmarks.peer import make_environment

HYDRA_1_4 = (
    "hydra-core==1.4.0rc3",
    "hydra-joblib-launcher==1.4.0rc3",
    "optuna==5.0.0",
    "cloudpickle",
    "filelock",
    "rich",
    # for the tests that run there
    "hypothesis",
    "pytest",
    "pytest-timeout",
)


@pytest.fixture(scope="session")
def hydra_1_4(tmp_path_factory) -> Path:
    """The interpreter of an environment with the release candidate of Hydra 1.4."""
    return make_environment(tmp_path_factory.mktemp("hydra") / "1.4", HYDRA_1_4)
