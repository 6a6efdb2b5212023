"""Hydra's own launcher, by the suite that others run on theirs."""

import pytest
from optuna_search.testing import LauncherConformance

pytestmark = pytest.mark.integration


class TestBasicLauncher(LauncherConformance):
    launcher = ()


class TestSlotsInThreads(LauncherConformance):
    launcher = ()
    slots = 2
