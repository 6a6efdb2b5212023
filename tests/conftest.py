import gc
import os
import shutil
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

REAL_DATA = Path(__file__).resolve().parents[1] / ".." / "shared" / "data"

# The files that take longest, the first of them several minutes.
LONGEST = (
    "integration/test_other_pythons",
    "e2e/test_pipeline",
    "integration/test_outage",
    "engines/test_chaos",
)


def pytest_configure() -> None:
    """Have Ctrl-C end programs that tests start, also where a shell started the tests themselves in the background:
    it has them ignore it, and every program below inherits that.
    """
    # how long an example takes says nothing on a machine that is busy; where CI is set, Hypothesis has such a profile
    settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("few", settings.get_profile("default"), max_examples=20, derandomize=True)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection() -> None:
    """Collect tests without looking for garbage among the modules that are imported for it."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Leave the modules and tests, which live to the end, out of every later look for garbage."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs a GPU where there is none, and containers where nobody asks for them.

    Begin with the files that take longest, so that at the end no process is left alone with one of them.
    """
    for mark, is_there in (("gpu", shutil.which("nvidia-smi")), ("containers", os.environ.get("CONTAINERS"))):
        if not is_there:
            config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker(mark)])
            items[:] = [item for item in items if not item.get_closest_marker(mark)]
    items.sort(key=_when)


def _when(item: pytest.Item) -> list[int]:
    """The lower, the earlier: the longest files, then those of slow tests, of integration tests, and the others."""
    name = f"{item.path.parent.name}/{item.path.stem}"
    place = LONGEST.index(name) if name in LONGEST else len(LONGEST)
    return [place, *(item.get_closest_marker(mark) is None for mark in ("slow", "integration"))]


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder of real data beside the repository: required in CI, elsewhere tests that need it are skipped."""
    if not (REAL_DATA / "coco128.zip").is_file():
        message = f"no real data in {REAL_DATA}"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return REAL_DATA


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A temporary folder that is the same in all processes that run the tests."""
    folder = tmp_path_factory.getbasetemp()
    return folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
