"""The unit tests on the first other Python of this machine; later ones have a file, and so a process, of their own."""

import pytest

from tests.support.other_pythons import PYTHONS, run_unit_tests

pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(1200)]


@pytest.mark.parametrize("version", list(PYTHONS)[:1])
def test_the_unit_tests_pass(version):
    run_unit_tests(version)
