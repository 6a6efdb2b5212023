import os
from pathlib import Path

import pytest
from optuna_search import cores

from src.detector import environment


@pytest.fixture
def _process(monkeypatch):
    """A process that nothing was set up in; what a test sets does not outlive it."""
    monkeypatch.setattr(os, "environ", {"PATH": os.environ["PATH"]})


@pytest.mark.usefixtures("_process")
def test_ultralytics_gets_a_private_folder_with_a_font_and_no_network(monkeypatch):
    """Whatever the user has set up for Ultralytics stays untouched."""
    monkeypatch.setenv("YOLO_CONFIG_DIR", "/home/user/settings")
    environment.prepare()
    folder = Path(os.environ["YOLO_CONFIG_DIR"])
    assert folder != Path("/home/user/settings")
    assert (folder / "Ultralytics" / "Arial.ttf").stat().st_size > 100_000
    assert (os.environ["YOLO_OFFLINE"], os.environ["YOLO_AUTOINSTALL"]) == ("1", "false")
    assert os.environ["ULTRALYTICS_SAFE_LOAD"] == "1"


@pytest.mark.usefixtures("_process")
@pytest.mark.parametrize(("policy", "expected"), [(None, "1000"), ("active", None)])
def test_waiting_threads_sleep_soon_unless_the_user_said_otherwise(monkeypatch, policy, expected):
    """Threads that wait in a loop take the cores from the trial beside them."""
    if policy is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", policy)
    environment.prepare()
    assert os.environ.get("GOMP_SPINCOUNT") == expected


@pytest.mark.usefixtures("_process")
@pytest.mark.parametrize(
    ("omp", "requested", "expected"),
    [
        pytest.param(None, None, 8, id="all cores by default"),
        pytest.param("3", None, 3, id="as the environment says"),
        pytest.param("3,2", None, 3, id="outermost level of nesting"),
        pytest.param("64", None, 8, id="never more than the cores"),
        pytest.param("many", None, 8, id="nonsense counts as unset"),
        pytest.param("3", 5, 5, id="the setting wins"),
    ],
)
def test_threads(monkeypatch, omp, requested, expected):
    """What a training may use of the CPU."""
    monkeypatch.setattr(environment, "available_cores", lambda: 8)
    if omp is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", omp)
    assert environment.thread_count(requested) == expected


@pytest.mark.parametrize(
    ("quota", "expected"),
    [
        pytest.param("150000 100000", 1, id="one and a half"),
        pytest.param("400000 100000", 4, id="four"),
        pytest.param("max 100000", 6, id="no limit"),
        pytest.param(None, 6, id="no cgroup"),
    ],
)
def test_a_containers_quota_limits_the_cores(monkeypatch, tmp_path, quota, expected):
    """A container sees all cores of its host, but may not use them."""
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    monkeypatch.setattr(cores, "_CGROUP_QUOTA", tmp_path / "cpu.max")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(6)), raising=False)
    assert environment.available_cores() == expected
