"""Couriers that are killed: at every point of a delivery at which a kill makes a difference, once each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from src.mlflow.courier import courier as courier_module
from src.mlflow.courier.courier import Courier
from src.mlflow.courier.store import Store
from src.mlflow.spool import reader as reader_module
from src.mlflow.spool.folder import State
from src.mlflow.spool.reader import RunReader

MOST_KILLS = 5000


class Killed(BaseException):
    """What nothing may catch, as nothing catches SIGKILL."""


class Fate:
    """Kills at each point the first time that it is reached."""

    def __init__(self) -> None:
        self.reached: set[str] = set()

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, with a kill just before it and a kill just after it."""

        def mortal(*arguments: Any, **named: Any) -> Any:
            point = f"{name} {[getattr(argument, 'folder', argument) for argument in arguments]} {named}"
            self._kill(f"before {point}")
            answer = call(*arguments, **named)
            self._kill(f"after {point}")
            return answer

        return mortal

    def _kill(self, point: str) -> None:
        if point not in self.reached:
            self.reached.add(point)
            raise Killed(point)


class MortalStore:
    """A store whose every call is a point to die at."""

    def __init__(self, store: Store, fate: Fate) -> None:
        self._store = store
        self._fate = fate

    def __getattr__(self, name: str) -> Any:
        return self._fate.around(name, getattr(self._store, name))


def deliver_with_kills(spool: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Deliver a spool by one courier after the other, each of which is killed; returns where they were."""
    fate = Fate()
    with monkeypatch.context() as patch:
        patch.setattr(courier_module, "POLL_S", 0.0)
        patch.setattr(State, "save", fate.around("save", save))
        patch.setattr(RunReader, "discard", fate.around("discard", discard))
        patch.setattr(RunReader, "remove", fate.around("remove", remove))
        patch.setattr(reader_module, "_vanish", fate.around("_vanish", vanish))
        for _ in range(MOST_KILLS):
            try:
                Courier(spool, lambda _: MortalStore(store, fate)).work()
            except Killed:
                continue
            return fate.reached
    raise AssertionError(f"{MOST_KILLS} couriers have been killed and there is no end to it")


save, discard, remove, vanish = State.save, RunReader.discard, RunReader.remove, reader_module._vanish
