"""The part of `peer_search.py` that runs in a peer's environment: a scheduler asks and is told, on recorded trainings.

Prints a line of JSON a method: its name, and of each replay what it would have chosen when.
"""

import json
import math
import random
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

METRIC, EPOCH = "value", "epoch"
Config = dict[str, Any]


class Peer(Protocol):
    """One search of a peer."""

    def ask(self) -> tuple[int, Config]:
        """The next trial to train, or to train on, and its configuration."""

    def tell(self, trial: int, epoch: int, value: float, *, last: bool) -> bool:
        """Report an epoch; whether to go on."""


class Ray:
    """Ray Tune: ASHA, which stops, with points drawn at random."""

    def __init__(self, work: Config, seed: int) -> None:
        import numpy as np
        from ray import tune
        from ray.tune.schedulers import ASHAScheduler

        np.random.seed(seed)
        self._random = np.random.RandomState(seed)
        self._space = {key: self._domain(tune, each) for key, each in work["space"].items()}
        self._first: Config | None = work["default"]
        rungs = work["rungs"]
        self._scheduler = ASHAScheduler(
            time_attr=EPOCH,
            metric=METRIC,
            mode="max",
            max_t=work["epochs"],
            grace_period=least(work),
            reduction_factor=rungs[1],
        )
        self._trials: list[Any] = []

    @staticmethod
    def _domain(tune: Any, each: Config) -> Any:
        if "choices" in each:
            return tune.choice(each["choices"])
        kinds = {(0, 0): tune.uniform, (0, 1): tune.loguniform, (1, 0): tune.randint, (1, 1): tune.lograndint}
        return kinds[each["whole"], each["log"]](each["low"], each["high"] + each["whole"])

    def ask(self) -> tuple[int, Config]:
        """Always a new one."""
        config = self._first or {key: each.sample(random_state=self._random) for key, each in self._space.items()}
        self._first = None
        self._trials.append(SimpleNamespace(trial_id=str(len(self._trials))))
        self._scheduler.on_trial_add(None, self._trials[-1])
        return len(self._trials) - 1, config

    def tell(self, trial: int, epoch: int, value: float, *, last: bool) -> bool:
        """Continue or stop."""
        result = {EPOCH: epoch, METRIC: value}
        if last:
            self._scheduler.on_trial_complete(None, self._trials[trial], result)
            return False
        return self._scheduler.on_trial_result(None, self._trials[trial], result) == "CONTINUE"


class Syne:
    """Syne Tune: a scheduler that pauses trials and promotes them later, with a searcher."""

    def __init__(self, work: Config, seed: int, name: str) -> None:
        from syne_tune import config_space
        from syne_tune.optimizer import baselines

        space = {key: self._domain(config_space, each) for key, each in work["space"].items()}
        rungs = work["rungs"]
        first = {
            key: str(value) if "choices" in work["space"][key] else value for key, value in work["default"].items()
        }
        self._work = work
        self._scheduler = getattr(baselines, name)(
            {**space, "epochs": work["epochs"]},
            metric=METRIC,
            mode="max",
            type="promotion",
            resource_attr=EPOCH,
            max_resource_attr="epochs",
            grace_period=least(work),
            reduction_factor=rungs[1],
            random_seed=seed,
            points_to_evaluate=[first],
            search_options={"debug_log": False},
        )
        self._trials: list[Any] = []

    @staticmethod
    def _domain(kinds: Any, each: Config) -> Any:
        if "choices" in each:
            return kinds.choice([str(choice) for choice in each["choices"]])
        names = {(0, 0): "uniform", (0, 1): "loguniform", (1, 0): "randint", (1, 1): "lograndint"}
        return getattr(kinds, names[each["whole"], each["log"]])(each["low"], each["high"])

    def ask(self) -> tuple[int, Config]:
        """A new trial, or a paused one."""
        from syne_tune.backend.trial_status import Trial

        found = self._scheduler.suggest(len(self._trials))
        if not found.spawn_new_trial_id:
            return found.checkpoint_trial_id, found.config
        self._trials.append(Trial(len(self._trials), found.config, datetime.now()))
        self._scheduler.on_trial_add(self._trials[-1])
        return len(self._trials) - 1, found.config

    def tell(self, trial: int, epoch: int, value: float, *, last: bool) -> bool:
        """Continue, pause or stop."""
        result = {EPOCH: epoch, METRIC: value}
        if last:
            self._scheduler.on_trial_complete(self._trials[trial], result)
            return False
        return self._scheduler.on_trial_result(self._trials[trial], result) == "CONTINUE"


METHODS: dict[str, dict[str, Callable[[Config, int], Peer]]] = {
    "ray": {"Ray Tune, ASHA": Ray},
    "syne": {
        "Syne Tune, ASHA promotion": lambda work, seed: Syne(work, seed, "ASHA"),
        "Syne Tune, BOHB": lambda work, seed: Syne(work, seed, "BOHB"),
        "Syne Tune, MOBSTER": lambda work, seed: Syne(work, seed, "MOBSTER"),  # slow
    },
}


def least(work: Config) -> int:
    """Epochs of the first rung."""
    rungs, reduction = work["rungs"]
    return math.ceil(work["epochs"] / reduction ** (rungs - 1))


def place(space: Config, setting: Config) -> list[float]:
    """Where a setting lies: from 0 to 1 in each parameter, choices at corners that are 1 apart."""
    found: list[float] = []
    for key, each in space.items():
        if "choices" in each:
            found += [0.5 * (str(setting[key]) == str(choice)) for choice in each["choices"]]
        else:
            value, low, high = (math.log(v) if each["log"] else v for v in (setting[key], each["low"], each["high"]))
            found.append((value - low) / (high - low))
    return found


def search(work: Config, world: list[Any], peer: Peer) -> list[tuple[float, int]]:
    """What the peer would choose when, in the time that there is: the best of those that were trained longest."""
    places = [place(work["space"], setting) for setting in work["settings"]]
    setting_of: dict[int, int] = {}
    done: dict[int, int] = {}  # epochs of a trial
    now, choices = 0.0, []
    while len(setting_of) < len(places):
        trial, config = peer.ask()
        if trial in setting_of:
            now += work["start_s"][setting_of[trial]]
        else:
            at = place(work["space"], config)
            left = [number for number in range(len(places)) if number not in setting_of.values()]
            setting_of[trial] = min(left, key=lambda n: sum(abs(a - b) for a, b in zip(places[n], at, strict=True)))
        values, seconds = world[setting_of[trial]]
        for epoch in range(done.get(trial, 0), len(values)):
            now += seconds[epoch]
            if now > work["limit_s"]:
                return choices
            done[trial] = epoch + 1
            goes_on = peer.tell(trial, epoch + 1, values[epoch], last=epoch + 1 == len(values))
            longest = max(done.values())
            there = [(world[setting_of[t]][0][longest - 1], setting_of[t]) for t in done if done[t] == longest]
            choices.append((now, max(there)[1]))
            if not goes_on:
                break
    return choices


def main() -> None:
    """Run the methods of a peer."""
    name, path, *only = sys.argv[1:]
    work = json.loads(Path(path).read_text())
    for method, made in METHODS[name].items():
        if only and method not in only:
            continue
        found = []
        for seed, world in enumerate(work["worlds"]):
            random.seed(seed)
            found.append(search(work, world, made(work, seed)))
        print(json.dumps({"method": method, "choices": found}), flush=True)


if __name__ == "__main__":
    main()
