"""Slots as tasks of Ray's: on a cluster that the sweep starts, and on one of two nodes that is there already."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.aftermath import SHOW_SHARE, assert_exact, gpus_of_workers, load, workers
from support.toy import Toy

pytestmark = [pytest.mark.integration, pytest.mark.slow]

MEMORY = 80 * 2**20  # bytes of the object store, which holds next to nothing; Ray takes no less than 75 MiB
SMALL = [
    "hydra/launcher=ray",
    "+hydra.launcher.ray.init.num_cpus=2",
    "+hydra.launcher.ray.init.include_dashboard=false",
    f"+hydra.launcher.ray.init.object_store_memory={MEMORY}",
    "hydra.sweeper.n_jobs=2",
]

CLUSTER = """
import sys
from ray.cluster_utils import Cluster
node = {"num_cpus": 1, "object_store_memory": int(sys.argv[1])}
cluster = Cluster(initialize_head=True, head_node_args=node | {"include_dashboard": False})
cluster.add_node(**node)
print(cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""


@pytest.fixture
def toy(tmp_path):
    """With an interpreter of its own, because Ray starts others by it in ways of its own."""
    return Toy(tmp_path, sys.executable)


@pytest.fixture
def cluster(tmp_path_factory, toy, database):
    """The address of a cluster of two nodes with a place for one slot each, started in an environment like ours."""
    folder = tmp_path_factory.mktemp("cluster")
    command = [sys.executable, "-c", CLUSTER, str(MEMORY)]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=toy.environment(),
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
        )
    address = process.stdout.readline().strip()
    assert address, (folder / "log").read_text()
    yield address
    process.communicate("")


def test_tasks_on_a_cluster_of_the_sweeps_own_run_exactly_the_total(toy):
    before = ray_processes()
    toy.sweep("x=interval(0,3)", "sleep_s=0.3", *SMALL, "hydra.sweeper.n_trials=9")
    assert_exact(toy.study(), 9, [toy.folder / "multirun/toy"])
    assert len(workers(toy.study())) == 2
    assert ray_processes() <= before


def test_each_slot_has_the_gpu_that_ray_gave_it(toy):
    """Ray believes in GPUs that are not there."""
    gpus = ["+hydra.launcher.ray.init.num_gpus=2", "+hydra.launcher.ray.remote.num_gpus=1"]
    toy.sweep("x=interval(0,3)", "sleep_s=0.3", SHOW_SHARE, *SMALL, *gpus, "hydra.sweeper.n_trials=6")
    seen = gpus_of_workers(toy.study(), toy.folder / "multirun/toy")
    assert sorted(map(sorted, seen.values())) == [["0"], ["1"]]


def test_the_nodes_of_a_cluster_share_a_study_in_a_database(toy, cluster, database):
    toy.sweep(
        "x=interval(0,3)",
        "sleep_s=0.3",
        f"hydra.sweeper.storage={database}",
        f"hydra.sweep.dir={toy.folder}/multirun/toy",
        "hydra/launcher=ray",
        f"hydra.launcher.ray.init.address={cluster}",
        "+hydra.launcher.ray.init.object_store_memory=null",  # the launcher's default is for clusters that it starts
        "hydra.sweeper.n_jobs=2",
        "hydra.sweeper.n_trials=9",
    )
    assert_exact(load(database), 9, [toy.folder / "multirun/toy"])
    assert len(workers(load(database))) == 2


def ray_processes() -> set[int]:
    """The servers of Ray's that run on this machine."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            program = (process / "cmdline").read_text().split("\0")[0]
        except OSError:  # it has ended meanwhile
            continue
        if Path(program).name in ("raylet", "gcs_server"):
            found.add(int(process.name))
    return found
