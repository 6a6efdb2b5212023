"""Conformance suites: a storage, a launcher or a trial of your own is right for this sweeper if it passes these.

    class TestMyStorage(StorageConformance):
        @pytest.fixture
        def storage(self, tmp_path):
            return {"_target_": "mine.Storage", "folder": str(tmp_path)}

They need pytest. `pytest.register_assert_rewrite("optuna_search.testing")` before the import makes it show values.
"""

from optuna_search.testing.launcher import LauncherConformance
from optuna_search.testing.storage import StorageConformance
from optuna_search.testing.trial import CurrentTrialConformance

__all__ = ["CurrentTrialConformance", "LauncherConformance", "StorageConformance"]
