"""All that an interrupted training needs to continue as if nothing had happened.

Ultralytics' checkpoint has the averaged weights in half precision and neither the weights that are trained, nor
gradients that wait for their step, nor random states, so that what is resumed from it is another training. What is
missing is kept beside it.

Exact where images are loaded by the training's own process, as on a CPU: processes that load ahead have drawn random
numbers for batches that are yet to come.
"""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from src.detector.engine import torch, unwrap_model

if TYPE_CHECKING:
    from src.detector.trainer import Training

NAME = "resume.pt"


def keep(training: "Training", path: Path) -> None:
    """Write the state after an epoch.

    Side effects: writes `path`, whole.
    """
    model = unwrap_model(training.model)
    dataset = training.train_loader.dataset
    drawn = np.random.get_state(legacy=False)
    state = {
        "epoch": training.epoch,
        "model": model.state_dict(),
        "average": training.ema.ema.state_dict(),
        "optimizer": training.optimizer.state_dict(),
        "gradients": [parameter.grad for parameter in model.parameters()],
        "steps": (training.optimizer_steps, training.steps_due),
        "waiting": training.waiting_batches,
        "random": random.getstate(),
        "numpy": {**drawn, "state": {**drawn["state"], "key": drawn["state"]["key"].tolist()}},
        "torch": torch.get_rng_state(),
        "order": training.train_loader.generator.get_state(),
        "buffer": list(getattr(dataset, "buffer", ())),
    }
    partial = path.with_name(f".{path.name}.partial")
    torch.save(state, partial)
    partial.replace(path)


def kept(path: Path, epochs: int) -> dict[str, Any] | None:
    """The state after so many epochs; None if there is none, or one of another epoch (it is written first)."""
    if not path.is_file():
        return None
    state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    return state if state["epoch"] + 1 == epochs else None


def restore(training: "Training", state: dict[str, Any]) -> None:
    """Let a training that Ultralytics has set up from its checkpoint continue as if nothing had happened.

    Weights, their average and the optimizer's momentum are restored now, all that decides what comes next when the
    first batch is asked for: until then Ultralytics draws random numbers, clears gradients and begins its loader anew.
    """
    unwrap_model(training.model).load_state_dict(state["model"])
    training.ema.ema.load_state_dict(state["average"])
    optimizer = state["optimizer"]
    for saved, group in zip(optimizer["param_groups"], training.optimizer.param_groups, strict=True):
        saved["fused"] = group.get("fused")  # the device picks the kernel
    training.optimizer.load_state_dict(optimizer)
    training.train_loader = _Begun(training, state)


class _Begun:
    """Stands for the loader until its first batch is asked for."""

    def __init__(self, training: "Training", state: dict[str, Any]) -> None:
        self._training, self._state, self._loader = training, state, training.train_loader

    def __iter__(self) -> Iterator[Any]:
        self._training.train_loader = self._loader
        _restore_course(self._training, self._state)
        yield from self._loader

    def __len__(self) -> int:
        return len(self._loader)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)


def _restore_course(training: "Training", state: dict[str, Any]) -> None:
    for parameter, gradient in zip(unwrap_model(training.model).parameters(), state["gradients"], strict=True):
        parameter.grad = None if gradient is None else gradient.to(parameter.device)
    training.optimizer_steps, training.steps_due = state["steps"]
    training.wait_for_step(state["waiting"])
    loader, buffer = training.train_loader, state["buffer"]
    for index in buffer:  # mosaics take what was loaded last, from memory
        loader.dataset.load_image(index)
    if buffer:
        loader.dataset.buffer[:] = buffer
    _restore_order(training, state["order"])
    drawn = state["numpy"]
    np.random.set_state({**drawn, "state": {**drawn["state"], "key": np.array(drawn["state"]["key"], np.uint32)}})
    torch.set_rng_state(state["torch"])
    version, words, gauss = state["random"]
    random.setstate((version, tuple(words), gauss))


def _restore_order(training: "Training", order: Any) -> None:
    """Begin the loader where the one before had come to."""
    loader, dataset = training.train_loader, training.train_loader.dataset
    if training.args.close_mosaic and training.start_epoch == training.epochs - training.args.close_mosaic:
        loader.generator.set_state(order)
        loader.iterator = loader._get_iterator()  # noqa: SLF001 - begun anew without an interruption, too
        return
    loader.iterator = loader._get_iterator()  # noqa: SLF001 - it draws a number, as the one before had at its begin
    loader.generator.set_state(order)
    if len(dataset) % loader.batch_size == 0:
        # after a full last batch a sampler has not noticed that it is at its end: it draws an order more, and takes
        # nothing of it
        torch.randperm(len(dataset), generator=loader.generator)
