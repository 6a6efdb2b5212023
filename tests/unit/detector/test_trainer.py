"""The project's hooks in Ultralytics' training loop."""

import sys
from types import SimpleNamespace

import pytest
import torch

from src.detector.engine import DetectionTrainer
from src.detector.trainer import Training


@pytest.fixture
def training():
    """With a model of one weight, in half precision's way: a scale that overflows is halved, and the step left out."""
    training = Training.__new__(Training)
    training.device, training.model = torch.device("cpu"), torch.nn.Linear(1, 1)
    training.ema = SimpleNamespace(updates=0, update=lambda _: None)
    training.optimizer = torch.optim.SGD(training.model.parameters(), lr=0.1)
    training.scaler = torch.amp.GradScaler("cpu", init_scale=2.0**128 / 8)
    training._count_steps()
    return training


def test_steps_that_are_left_out_because_gradients_overflow_are_not_counted_as_steps(training):
    before = training.model.weight.item()
    for _ in range(5):
        loss = training.model(torch.full((1, 1), 10.0)).sum()  # its gradient is 10: too large by 2, 1.25 …
        training.scaler.scale(loss).backward()
        training.optimizer_step()
    assert training.steps_due == 5
    assert training.optimizer_steps == 4
    assert training.model.weight.item() != before


@pytest.mark.skipif(sys.platform != "linux", reason="a fork is safe on Linux only")
@pytest.mark.parametrize(("workers", "context"), [(2, "fork"), (0, None)])
def test_workers_that_load_images_are_forked(training, monkeypatch, workers, context):
    loader = torch.utils.data.DataLoader([0, 1], num_workers=workers)
    monkeypatch.setattr(DetectionTrainer, "get_dataloader", lambda *_, **__: loader)
    made = training.get_dataloader("images", mode="train")
    assert made is loader
    assert (made.multiprocessing_context and made.multiprocessing_context.get_start_method()) == context
