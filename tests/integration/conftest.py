from pathlib import Path

import pytest

from tests.integration.prepared import SharedCoco128


@pytest.fixture(scope="session")
def coco128(real_data: Path, shared_folder: Path) -> SharedCoco128:
    """The real data, prepared once for all processes that run tests: preparing takes a lock."""
    return SharedCoco128(real_data, shared_folder / "coco128")
