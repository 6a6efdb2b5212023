"""A Hydra app of few lines that does what tests of the sweeper need: report, prune, fail, die, hang."""

import multiprocessing
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import hydra
import optuna
from omegaconf import DictConfig
from optuna_search import current_trial


@hydra.main(version_base="1.3", config_path="conf", config_name="config")
def main(cfg: DictConfig) -> float | tuple[float, ...] | dict[str, Any]:
    trial = current_trial()
    trial.set_user_attr("pid", os.getpid())
    print(f"x is {cfg.x}, db is {cfg.db.name}")
    if cfg.fail_at == trial.number or cfg.x < cfg.fail_below:
        fail(cfg.how)
    for step in range(cfg.steps):
        trial.report(cfg.x, step)
        if trial.should_prune():
            raise optuna.TrialPruned
    time.sleep(cfg.sleep_s)
    while cfg.until is not None and not Path(cfg.until).exists():
        time.sleep(0.05)
    trial.set_user_attr("note", f"x={cfg.x}")
    loss = (cfg.x - 1) ** 2 + cfg.y
    if cfg.limit is not None:
        return {"value": loss, "constraints": {"x": cfg.x - cfg.limit}, "user_attrs": {"limit": cfg.limit}}
    return (loss, cfg.x) if cfg.two_objectives else loss


class OutOfMemoryError(RuntimeError):
    """As torch's."""


def fail(how: str) -> None:
    """End in one of the ways in which trainings end."""
    if how == "raise":
        raise RuntimeError("the card is on fire")
    if how == "exit":
        sys.exit(3)
    if how == "memory":
        raise OutOfMemoryError("no room for this batch")
    if how == "hang":
        print("about to hang")
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # as a task that is stuck in a driver
        time.sleep(600)
    if how == "loader":  # as data loaders, which are forked and so have all that is open here
        multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,)).start()
    os.kill(os.getpid(), signal.SIGKILL)


def widen(cfg: DictConfig, trial: optuna.Trial) -> None:
    """A custom search space: y stays below the x that was drawn."""
    trial.suggest_float("y", 0, max(trial.params["x"], 0.1))


def odd_only(cfg: DictConfig, searched: frozenset[str]) -> None:
    """A validation of the app's own."""
    if "x" in searched and cfg.steps % 2 == 0 and cfg.steps:
        raise hydra.errors.HydraException(f"steps={cfg.steps} is even")


if __name__ == "__main__":
    main()
