"""How many trials are let onto one GPU."""

import os

import pytest
from optuna_search.trial import memory, shared_gpu
from optuna_search.trial.memory import MemoryRoom
from optuna_search.trial.shared_gpu import GpuUse, SharedGpu, gpu_use
from optuna_search.trial.stop import Stop

GB = 10**9
H200 = {0: 0.0, 1: 5.0, 2: 30.0, 4: 53.0, 8: 72.0}  # % busy with so many trials, as measured (docs/gpu.md)


class Machine:
    """A GPU that is as busy and as full as the trials on it make it."""

    def __init__(self, busy, each, total=80 * GB, others=0):
        self.busy, self.each, self.total, self.others = busy, each, total, others
        self.running, self.now = 0, 0.0

    def use(self, _name):
        return GpuUse(self.busy[self.running], self.others + self.running * self.each, self.total)


@pytest.fixture
def on(monkeypatch):
    def install(machine):
        monkeypatch.setattr(shared_gpu, "gpu_use", machine.use)
        monkeypatch.setattr(shared_gpu.time, "monotonic", lambda: machine.now)
        return machine

    return install


def let_in(machine, slots, *, show=True, seconds=60):
    """How many of so many slots have a trial on the GPU in the end."""
    gpu = SharedGpu("0")
    for _ in range(seconds):
        for _ in range(slots - machine.running):
            if gpu.enter():
                machine.running += 1
                if show:
                    gpu.showed()
        machine.now += 1.0
    return machine.running


@pytest.mark.parametrize(
    ("machine", "expected"),
    [
        pytest.param(Machine(H200, each=1.4 * GB), 8, id="idle for a part of the time"),
        pytest.param(Machine({0: 0.0, 1: 96.0}, each=1.4 * GB), 1, id="one trial keeps it busy"),
        pytest.param(Machine({0: 0.0, 1: 50.0, 2: 88.0}, each=1.4 * GB), 2, id="two trials keep it busy"),
        pytest.param(Machine(H200, each=10 * GB, total=24 * GB), 1, id="two would leave nothing to spare"),
        pytest.param(Machine({**H200, 3: 40.0}, each=5 * GB, total=24 * GB), 4, id="no memory for five"),
        pytest.param(Machine(H200, each=10 * GB, total=24 * GB, others=8 * GB), 1, id="others have taken it"),
    ],
)
def test_as_many_are_let_in_as_it_has_time_and_memory_for(on, machine, expected):
    assert let_in(on(machine), slots=8) == expected


def test_none_is_let_in_before_the_first_has_shown_what_it_takes(on):
    assert let_in(on(Machine(H200, each=1.4 * GB)), slots=8, show=False) == 1


def test_one_at_a_time_where_nobody_says_how_busy_it_is(monkeypatch):
    monkeypatch.setattr(shared_gpu, "gpu_use", lambda _: None)
    gpu = SharedGpu("0")
    assert gpu.enter()
    gpu.showed()
    assert not gpu.enter()
    gpu.leave()
    assert gpu.enter()


def test_why_no_more_are_let_in_is_said(on, caplog):
    caplog.set_level("INFO")
    let_in(on(Machine({0: 0.0, 1: 96.0}, each=1.4 * GB)), slots=8)
    assert [record.message for record in caplog.records] == [
        "1 trials at once share GPU 0 and no more: it is busy for 96 % of the time."
    ]


class WaitedError(Exception):
    """There was no room."""


class Impatient(Stop):
    def check(self):
        raise WaitedError


def test_a_place_waits_for_its_gpu_and_gives_it_back(on, monkeypatch):
    """A trial shows what it takes with its first step, or when it ends without one."""
    machine = on(Machine({**H200, 3: 40.0}, each=1.4 * GB))
    monkeypatch.setattr(memory, "available_memory", lambda: None)
    gpu, room = SharedGpu("0"), MemoryRoom()
    with room.place(Impatient(), gpu) as place:
        machine.running = 1
        for _ in range(10):
            machine.now += 1.0
            with pytest.raises(WaitedError), room.place(Impatient(), gpu):
                pass
        place.step()
        place.step()
        for _ in range(shared_gpu.LOOKS - 1):
            machine.now += 1.0
            with pytest.raises(WaitedError), room.place(Impatient(), gpu):
                pass
        machine.now += 1.0
        with room.place(Impatient(), gpu), pytest.raises(WaitedError), room.place(Impatient(), gpu):
            pass
    with room.place(Impatient(), gpu), room.place(Impatient(), gpu):
        pass


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param("72, 11148, 143771", GpuUse(72.0, 11148 * 2**20, 143771 * 2**20), id="a GPU"),
        pytest.param("[N/A], 11148, 143771", None, id="a part of a divided GPU"),
        pytest.param("No devices were found", None, id="no such GPU"),
    ],
)
def test_nvidia_smi_is_asked(tmp_path, monkeypatch, answer, expected):
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\necho "{answer}"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    assert gpu_use("GPU-1a") == expected
    assert (tmp_path / "asked").read_text().split()[:2] == [
        "--id=GPU-1a",
        "--query-gpu=utilization.gpu,memory.used,memory.total",
    ]


def test_without_nvidia_smi_nothing_is_known(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert gpu_use("0") is None
