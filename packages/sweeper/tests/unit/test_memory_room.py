"""How many trials are let run at once by the memory that there is."""

import os
import sys
import threading
from typing import ClassVar

import pytest
from optuna_search.trial import memory
from optuna_search.trial.memory import MemoryRoom, available_memory, peak_memory
from optuna_search.trial.stop import Stop

GB = 10**9


@pytest.fixture
def machine(monkeypatch):
    """Free memory and each process' peak, in bytes, and seconds that pass when one waits."""

    class Machine:
        free = 8 * GB
        now = 0.0
        peaks: ClassVar[dict[int, int]] = {}

    monkeypatch.setattr(memory, "available_memory", lambda: Machine.free)
    monkeypatch.setattr(memory, "peak_memory", lambda pid: Machine.peaks[pid])
    monkeypatch.setattr(memory.time, "monotonic", lambda: Machine.now)
    return Machine


class WaitedError(Exception):
    """There was no room."""


class Impatient(Stop):
    def check(self):
        raise WaitedError


def test_the_second_trial_begins_when_the_first_has_shown_what_it_takes(machine):
    room = MemoryRoom()
    machine.peaks[1] = 3 * GB
    with room.place(Impatient()) as first:
        machine.now = 1.0
        first.look(1)
        with pytest.raises(WaitedError), room.place(Impatient()):
            pass
        machine.now = 4.0
        machine.free = 5 * GB
        with room.place(Impatient()), pytest.raises(WaitedError), room.place(Impatient()):
            pass  # what the second is going to take is not free any more


def test_there_is_always_room_for_one(machine):
    machine.free = 0
    room = MemoryRoom()
    with room.place(Impatient()):
        pass
    with room.place(Impatient()):
        pass


def test_what_trials_took_that_have_ended_counts(machine, caplog):
    caplog.set_level("INFO")
    room = MemoryRoom()
    machine.peaks[1] = 6 * GB
    with room.place(Impatient()) as first:
        first.look(1)
    with room.place(Impatient()):
        for _ in range(2):
            with pytest.raises(WaitedError), room.place(Impatient()):
                pass
    assert caplog.messages == [
        "1 trials run at once and no more: one takes up to 6.0 GB of memory, and 8.0 GB are free."
    ]


def test_who_asks_for_a_number_of_slots_gets_it(machine):
    machine.free = 0
    room = MemoryRoom(limited=False)
    with room.place(Impatient()), room.place(Impatient()):
        pass


def test_where_nothing_is_said_about_memory_there_is_room(machine):
    machine.free = None
    room = MemoryRoom()
    with room.place(Impatient()), room.place(Impatient()):
        pass


def test_a_slot_begins_as_soon_as_another_has_ended(monkeypatch):
    monkeypatch.setattr(memory, "LOOK_S", 0.01)
    monkeypatch.setattr(memory, "available_memory", lambda: 0)
    room, stop = MemoryRoom(), Stop()
    began = threading.Event()

    def second():
        with room.place(stop):
            began.set()

    thread = threading.Thread(target=second)
    with room.place(stop):
        thread.start()
        assert not began.wait(0.05)
    thread.join(10)
    assert began.is_set()


def test_a_slot_that_waits_for_memory_can_be_stopped(machine):
    room, stop = MemoryRoom(), Stop()
    with room.place(stop):
        stop.ask(KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt), room.place(stop):
            pass


def test_linux_says_what_is_free_and_taken():
    said = sys.platform == "linux"
    assert ((available_memory() or 0) > 0) == said
    assert (peak_memory(os.getpid()) > 10_000_000) == said
    assert peak_memory(2**22 + 1) == 0


def test_a_container_has_the_memory_that_it_was_given(tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_CGROUP", tmp_path)
    (tmp_path / "memory.max").write_text("1000000\n")
    (tmp_path / "memory.current").write_text("400000\n")
    assert available_memory() == 600_000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory() > 1_000_000
