"""The other Pythons of this machine: the unit tests on the newest, and what depends on the version on those between.

What a release changes in the language and in its library stays so in the next: what is gone or warned of in a Python
between the one of `.venv` and the newest is gone or warned of in the newest, too, and the lock gives both the same
packages. What can fail on a single version are faults of that library, in what it does with processes, threads, files
and classes; the tests of the parts that are made of these run on every version, and every module is imported.
"""

import pytest

from tests.support.other_pythons import PYTHONS, import_all, run_tests

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]

VERSIONS = list(PYTHONS)
BY_VERSION = (
    "packages/sweeper/tests/unit",  # another process for each trial, leases, locks, pickles, dataclasses
    *(f"tests/unit/{part}" for part in ("config", "core", "detection_search", "documents", "mlflow")),
)


@pytest.mark.parametrize("version", VERSIONS[-1:])
def test_the_unit_tests_pass(version):
    run_tests(version, "tests/unit", "packages/sweeper/tests/unit")


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_what_depends_on_the_version_passes(version):
    run_tests(version, *BY_VERSION)


@pytest.mark.parametrize("version", VERSIONS[:-1])
def test_every_module_is_imported(version):
    import_all(version, "src", "detection_search", "optuna_search", "hydra_plugins.optuna_search")
