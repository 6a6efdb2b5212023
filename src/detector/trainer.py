"""Ultralytics' training loop, with the hooks that the project needs."""

import csv
import sys
from collections.abc import Callable, Mapping
from copy import copy
from pathlib import Path
from typing import Any

from src.core.errors import TrainingError
from src.detector import resumable
from src.detector.engine import DetectionTrainer, RTDETRTrainer
from src.detector.validator import RecordingValidator, RtdetrValidator

Callback = Callable[["Training"], None]


# Not named "…Trainer": by that word Ultralytics decides to load the callbacks of every tracker it knows.
class Training(DetectionTrainer):  # type: ignore[misc]  # Ultralytics is untyped
    """One training on one device.

    Args:
        arguments: Everything Ultralytics is to know, by its own names.
        on_ready: Called once, when everything is resolved and before the first epoch.
        on_epoch: Called after every epoch that was trained and validated.
        is_resumable: Whether all is kept that an interrupted training needs to continue as if nothing had happened.

    Attributes:
        optimizer_steps: How often the optimizer stepped, counted at the optimizer itself; a resumed training goes
            on counting.
        steps_due: How often it would have stepped, had no gradient overflowed in half precision.
        waiting_batches: Batches since the optimizer was due to step, whose gradients wait for it.
        is_continued: Whether it resumes with all that the interrupted training had, and not from the checkpoint alone.
    """

    _validates_with = RecordingValidator

    def __init__(
        self, arguments: Mapping[str, Any], on_ready: Callback, on_epoch: Callback, *, is_resumable: bool = False
    ) -> None:
        self._on_ready = on_ready
        self._on_epoch = on_epoch
        self._in_final_evaluation = False
        self._is_resumable = is_resumable
        self.optimizer_steps = self.steps_due = self.waiting_batches = 0
        self.is_continued = False
        self._before_step = 0  # batches that Ultralytics would take to be waiting, and are not
        super().__init__(overrides=dict(arguments))

    def run_callbacks(self, event: str) -> None:
        """Tell the project about the events it waits for."""
        super().run_callbacks(event)
        if event == "on_train_epoch_start":
            self.validator.records = None  # an epoch may go without validation
        elif event == "on_train_batch_start":
            self.waiting_batches += 1
        elif event == "on_pretrain_routine_end":
            self._count_steps()
            self._on_ready(self)
        elif event == "on_fit_epoch_end" and not self._in_final_evaluation:
            # Ultralytics fires it once more after the final evaluation, for an epoch that never was
            self._on_epoch(self)

    def final_eval(self) -> None:
        """Validate the best weights."""
        self._in_final_evaluation = True
        (self.wdir / resumable.NAME).unlink(missing_ok=True)  # it is large, and there is nothing left to resume
        super().final_eval()

    def optimizer_step(self) -> None:
        """Step, unless a gradient has overflowed."""
        self.steps_due += 1
        self.waiting_batches = self._before_step = 0
        super().optimizer_step()

    @property
    def accumulate(self) -> int:
        """After how many batches the optimizer steps, as Ultralytics counts them."""
        return self._accumulate + self._before_step

    @accumulate.setter
    def accumulate(self, batches: int) -> None:
        self._accumulate = batches

    def wait_for_step(self, batches: int) -> None:
        """Let so many batches have been had since the last step.

        Ultralytics counts from the training's first batch when it begins to loop, also where it resumes.
        """
        self.waiting_batches = batches
        self._before_step = len(self.train_loader) * self.start_epoch - batches

    def save_model(self) -> Any:
        """Write the checkpoints, and before them what they lack."""
        if self._is_resumable:
            self.wdir.mkdir(parents=True, exist_ok=True)
            resumable.keep(self, self.wdir / resumable.NAME)
        return super().save_model()

    def resume_training(self, ckpt: Any) -> None:
        """Take the weights back that were trained, where they were kept."""
        super().resume_training(ckpt)
        if self.resume:
            path = Path(self.args.model).with_name(resumable.NAME)
            state = resumable.kept(path, self.start_epoch)
            if state is not None:
                resumable.restore(self, state)
                self.is_continued = True

    def get_dataloader(self, *arguments: Any, **named: Any) -> Any:
        """A loader whose workers are forked on Linux.

        From Python 3.14 on, multiprocessing starts them anew by itself, and each imports PyTorch before it loads an
        image. Elsewhere a fork is not safe.
        """
        loader = super().get_dataloader(*arguments, **named)
        if loader.num_workers and sys.platform == "linux":
            loader.multiprocessing_context = "fork"
        return loader

    def get_validator(self) -> RecordingValidator:
        """The validator that keeps its detections."""
        return self._validates_with(
            self.test_loader, save_dir=self.save_dir, args=copy(self.args), _callbacks=self.callbacks
        )

    def get_model(self, cfg: Any = None, weights: Any = None, verbose: bool = True) -> Any:
        """A detection model for the data's classes.

        Raises:
            TrainingError: the weights are of another task.
        """
        task = getattr(weights, "task", "detect")
        if task != "detect":
            raise TrainingError(f"{self.args.model} is a model for the task '{task}'; expected weights of a detector.")
        return super().get_model(cfg=cfg, weights=weights, verbose=verbose)

    def read_results_csv(self) -> dict[str, list[float]]:
        """The columns of results.csv, which go into every checkpoint; without the data frame library."""
        if not self.csv.exists():
            return {}
        with self.csv.open(newline="", encoding="utf-8") as file:
            names, *rows = list(csv.reader(file))
        return {name: [float(row[i]) for row in rows] for i, name in enumerate(names)}

    @property
    def best_epoch(self) -> int | None:
        """The epoch, from 1 on, whose weights are the best; of equally good ones the last, as Ultralytics has it."""
        fitness = self.read_results_csv().get("metrics/mAP50-95(B)", [])
        return max(range(len(fitness)), key=lambda index: (fitness[index], index)) + 1 if fitness else None

    def _count_steps(self) -> None:
        # those before an interruption, of which it is not known how many were left out; 0 in a fresh training
        self.optimizer_steps = self.steps_due = int(self.ema.updates)

        def count(*_: Any) -> None:
            self.optimizer_steps += 1

        self.optimizer.register_step_post_hook(count)


class RtdetrTraining(Training, RTDETRTrainer):  # type: ignore[misc]  # Ultralytics is untyped
    """The same for RT-DETR."""

    _validates_with = RtdetrValidator
