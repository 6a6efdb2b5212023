"""GPUs and CPU threads of a machine, divided between slots; the machines are made up."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from optuna_search.errors import SpaceError
from optuna_search.trial.devices import check_devices, share, shortage, visible_gpus

TWO_GPUS = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-40e1c1bb-6a2a-4e1f-8f0c-0b5b2f0f4c11)
"""
ONE_OF_TWO_DIVIDED = """\
GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-5c89852c-d268-c3f3-1b07-005d5ae1dc3f)
  MIG 3g.20gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 3g.20gb     Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-40e1c1bb-6a2a-4e1f-8f0c-0b5b2f0f4c11)
"""


@pytest.fixture(autouse=True)
def machine(monkeypatch, tmp_path):
    """A machine without GPUs and without settings; `machine(listing, status)` gives it an `nvidia-smi`."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)

    def install(listing, status=0):
        program = tmp_path / "nvidia-smi"
        program.write_text(f'#!/bin/sh\n[ "$1" = -L ] || exit 2\nprintf "%s" "{listing}"\nexit {status}\n')
        program.chmod(0o755)

    return install


@pytest.mark.parametrize(
    ("variable", "expected"),
    [
        pytest.param("0,1,2", ("0", "1", "2"), id="numbers"),
        pytest.param(" 3 , 1", ("3", "1"), id="spaces, in the order given"),
        pytest.param("", (), id="empty hides all"),
        pytest.param("-1", (), id="as is often written to hide all"),
        pytest.param("0,-1,2", ("0",), id="ends at the first that is none"),
        pytest.param("NoDevFiles", (), id="as some schedulers say none"),
        pytest.param("1,1", (), id="repeated"),
        pytest.param("GPU-5c89852c,MIG-c6d4f1ef", ("GPU-5c89852c", "MIG-c6d4f1ef"), id="UUIDs"),
    ],
)
def test_the_environment_says_which_gpus_are_visible(monkeypatch, machine, variable, expected):
    machine(TWO_GPUS)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    assert visible_gpus() == expected


@pytest.mark.parametrize(
    ("listing", "status", "expected"),
    [
        pytest.param(TWO_GPUS, 0, ("0", "1"), id="whole GPUs by number"),
        pytest.param(
            ONE_OF_TWO_DIVIDED,
            0,
            ("MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f", "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb", "1"),
            id="the parts of a divided GPU",
        ),
        pytest.param("No devices found.\n", 6, (), id="a driver without GPUs"),
        pytest.param("GPU 0: lost\n", 9, (), id="a driver that fails"),
    ],
)
def test_without_it_nvidia_smi_says_it(machine, listing, status, expected):
    machine(listing, status)
    assert visible_gpus() == expected


def test_a_machine_without_nvidia_smi_has_no_known_gpus_and_its_environment_is_left_alone():
    assert visible_gpus() == ()
    assert share(0, 1, "auto", 1, True) == {}


@pytest.mark.parametrize(
    ("slots_per_gpu", "expected"),
    [
        pytest.param(1, "0 1 0 1 0", id="one slot a GPU"),
        pytest.param(2, "0 0 1 1 0", id="two slots a GPU"),
        pytest.param("auto", "0 1 0 1 0", id="as many as there are"),
    ],
)
def test_slots_take_the_gpus_in_turn(machine, slots_per_gpu, expected):
    machine(TWO_GPUS)
    given_out = [share(slot, 5, "auto", slots_per_gpu, True)["CUDA_VISIBLE_DEVICES"] for slot in range(5)]
    assert given_out == expected.split()


def test_a_slot_takes_the_one_gpu_that_a_scheduler_gave_it_whatever_its_number(monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "3")
    assert {share(slot, 8, "auto", 1, False)["CUDA_VISIBLE_DEVICES"] for slot in range(8)} == {"3"}


def test_listed_devices_are_used_in_the_order_of_the_list_and_cpu_hides_all(machine):
    machine(TWO_GPUS)
    listed = OmegaConf.create([1, 0])
    assert [share(slot, 2, listed, 1, False)["CUDA_VISIBLE_DEVICES"] for slot in (0, 1)] == ["1", "0"]
    assert share(0, 2, "cpu", 1, False) == {"CUDA_VISIBLE_DEVICES": ""}


@pytest.mark.parametrize(
    ("variable", "said"),
    [
        pytest.param("0,1", "2 cannot be used here; visible are 0, 1 (CUDA_VISIBLE_DEVICES=0,1)", id="some are there"),
        pytest.param("", "1, 2 cannot be used here; no GPU is visible", id="none is there"),
    ],
)
def test_a_device_that_is_not_there_is_refused_naming_what_is(monkeypatch, variable, said):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", variable)
    with pytest.raises(SpaceError) as refused:
        share(0, 2, [1, 2], 1, True)
    assert said in str(refused.value)


@given(gpus=st.integers(1, 8), slots_per_gpu=st.integers(1, 4), slots=st.integers(1, 40), cores=st.integers(1, 64))
def test_nobody_gets_more_than_a_share(gpus, slots_per_gpu, slots, cores):
    """No GPU has more slots than `slots_per_gpu` unless there is a shortage; threads never exceed the cores by more
    than the one that each slot needs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(gpus))))
        patch.setattr(os, "sched_getaffinity", lambda _: set(range(cores)), raising=False)
        shares = [share(slot, slots, "auto", slots_per_gpu, True) for slot in range(slots)]
        warned = shortage(slots, "auto", slots_per_gpu)
    users = [given["CUDA_VISIBLE_DEVICES"] for given in shares]
    most = max(users.count(gpu) for gpu in users)
    assert (warned is None) == (most <= slots_per_gpu)
    threads = [int(given.get("OMP_NUM_THREADS", cores)) for given in shares]
    assert min(threads) >= 1
    assert sum(threads) <= max(cores, slots)


@pytest.mark.parametrize(
    ("slots", "cpus_shared", "variable", "expected"),
    [
        pytest.param(3, True, None, "2", id="shared"),
        pytest.param(100, True, None, "1", id="never none"),
        pytest.param(1, True, None, None, id="a single slot keeps the default"),
        pytest.param(3, False, None, None, id="on a machine of its own"),
        pytest.param(3, True, "5", None, id="set by the user"),
    ],
)
def test_threads_are_divided_between_slots_that_share_the_cpus(monkeypatch, slots, cpus_shared, variable, expected):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    if variable:
        monkeypatch.setenv("OMP_NUM_THREADS", variable)
    assert share(0, slots, "cpu", 1, cpus_shared).get("OMP_NUM_THREADS") == expected


def test_a_shortage_names_both_ways_out(machine):
    machine(TWO_GPUS)
    warning = shortage(5, "auto", 1)
    assert "hydra.sweeper.slots_per_gpu=3" in warning
    assert "hydra.sweeper.n_jobs=2" in warning
    assert shortage(5, "cpu", 1) is None
    assert shortage(4, [0, 1], 2) is None
    assert shortage(5, "auto", "auto") is None


@pytest.mark.parametrize(
    ("devices", "slots_per_gpu"),
    [
        pytest.param("gpu", 1, id="no such word"),
        pytest.param([], 1, id="an empty list"),
        pytest.param([0, "0"], 1, id="repeated"),
        pytest.param([-1], 1, id="no device"),
        pytest.param(0, 1, id="no list"),
        pytest.param(None, 1, id="null"),
        pytest.param("auto", 0, id="no slots on a GPU"),
        pytest.param("auto", True, id="no number of slots"),
        pytest.param("auto", "many", id="no such word for slots"),
    ],
)
def test_settings_that_are_none_are_refused(devices, slots_per_gpu):
    with pytest.raises(SpaceError, match=r"hydra\.sweeper\.(devices|slots_per_gpu)=.*expected"):
        check_devices(devices, slots_per_gpu)


@pytest.mark.parametrize("devices", ["auto", "cpu", [0, 1], ["GPU-5c89852c"], OmegaConf.create([3])])
def test_settings_that_can_be_meant_are_taken_wherever_the_controller_runs(devices):
    check_devices(devices, 2)
