"""What Ultralytics made of a request: the comparison after it resolved its settings, and after the training."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from src.core.errors import TrainingError
from src.detector.settings import MIN_STEPS, dead_parameters, flags_before
from src.documents.training import Flag

# Rewritten by the project or by the device, and of no consequence for the result.
_EXPECTED_CHANGES = {"device", "workers", "amp", "classes", "conf", "max_det", "quantize", "channels_last"}

_SKIPPED_SHARE = 0.1  # the scale doubles every 2,000 steps, so that a long training leaves out one of them at times


@dataclass(frozen=True)
class CompletedTraining:
    """How a training went, as far as flags depend on it.

    Attributes:
        epochs_trained: Epochs that were completed.
        epochs_asked: Epochs that Ultralytics set out to train.
        optimizer_steps: Steps of the optimizer.
        stopped_early: The patience ran out.
        skipped_steps: Steps that were due but left out, because gradients overflowed in half precision.
    """

    epochs_trained: int
    epochs_asked: int
    optimizer_steps: int
    stopped_early: bool
    skipped_steps: int = 0


@dataclass(frozen=True)
class Schedule:
    """What Ultralytics derives from arguments and data.

    Attributes:
        batches: Batches in an epoch.
        warmup_batches: Batches of warm-up.
        accumulate: Batches that make up one step of the optimizer.
        class_count: Classes of the data.
    """

    batches: int
    warmup_batches: int
    accumulate: int
    class_count: int


def refuse_dead(arguments: Mapping[str, Any], searched: Collection[str]) -> None:
    """Refuse a training in which a searched parameter is known to have no effect.

    Raises:
        TrainingError: one sentence for each such parameter.
    """
    if dead := dead_parameters(arguments, searched):
        raise TrainingError(" ".join(dead))


def flags_when_ready(
    requested: Mapping[str, Any], resolved: Mapping[str, Any], schedule: Schedule, searched: Collection[str]
) -> list[Flag]:
    """Compare what was asked with what Ultralytics resolved, before the first epoch.

    Raises:
        TrainingError: a searched parameter turned out to have no effect.
    """
    refuse_dead({**requested, "device": resolved.get("device")}, searched)
    if "cls_pw" in searched and schedule.class_count == 1:
        raise TrainingError(
            "train.cls_pw has no effect here: with one class there is nothing to weigh. Do not search train.cls_pw."
        )
    flags = flags_before(requested)
    changed = {name: resolved[name] for name, value in requested.items() if resolved.get(name, value) != value}
    for name, value in changed.items():
        if name in searched and name in ("lr0", "momentum", "warmup_bias_lr"):
            raise TrainingError(
                f"train.{name}={requested[name]} was replaced by {value}. Set train.optimizer to a certain one."
            )
    if "imgsz" in changed:
        message = f"imgsz {requested['imgsz']} was rounded up to {changed['imgsz']}, a multiple of the model's stride."
        flags.append(Flag("imgsz_rounded", message))
    if "batch" in changed:
        flags.append(Flag("batch_changed", f"batch {requested['batch']} became {changed['batch']}."))
    known = {"imgsz", "batch", "optimizer", "lr0", "momentum", "warmup_bias_lr", *_EXPECTED_CHANGES}
    # rect zeroes the mixing augmentations, which has a flag of its own
    known |= {"mosaic", "mixup", "cutmix"} if resolved.get("rect") else set()
    flags += [
        Flag(f"{name}_changed", f"train.{name}={requested[name]} became {changed[name]}.")
        for name in changed
        if name not in known
    ]
    return flags + _schedule_flags(resolved, schedule)


def flags_when_done(
    requested: Mapping[str, Any], resolved: Mapping[str, Any], training: CompletedTraining
) -> list[Flag]:
    """What the course of the training adds."""
    flags = []
    if resolved["batch"] != requested["batch"] and requested["batch"] >= 1:
        message = f"The GPU's memory was too small: batch {requested['batch']} became {resolved['batch']}."
        flags.append(Flag("batch_changed", message))
    if training.stopped_early:
        message = f"Stopped after {training.epochs_trained} of {training.epochs_asked} epochs without improvement."
        flags.append(Flag("stopped_early", message))
    due = training.optimizer_steps + training.skipped_steps
    if training.skipped_steps > _SKIPPED_SHARE * due:
        message = (
            f"{training.skipped_steps} of {due} optimizer steps were left out: gradients overflowed in half precision, "
            "whose scale is found anew in every training. Set train.amp=bf16, which does not overflow, or "
            "train.amp=false."
        )
        flags.append(Flag("skipped_steps", message))
    if training.optimizer_steps < max(training.epochs_trained, MIN_STEPS):
        message = (
            f"Only {training.optimizer_steps} optimizer steps in {training.epochs_trained} epochs: the weights hardly "
            "moved. A smaller train.batch or train.nbs, or more epochs, gives more."
        )
        flags.append(Flag("few_steps", message))
    return flags


def _schedule_flags(resolved: Mapping[str, Any], schedule: Schedule) -> list[Flag]:
    flags = []
    total = schedule.batches * resolved["epochs"]
    if schedule.warmup_batches > total / 2:
        message = (
            f"{schedule.warmup_batches} of {total} batches are warm-up: the learning rate asked for is hardly reached. "
            "Set train.warmup_epochs lower."
        )
        flags.append(Flag("mostly_warmup", message))
    nominal = max(round(resolved["nbs"] / resolved["batch"]), 1)
    scale = resolved["batch"] * nominal / resolved["nbs"]
    if not math.isclose(scale, 1.0, rel_tol=0.01) and resolved["weight_decay"]:
        message = f"Ultralytics multiplied train.weight_decay by {scale:.3g} because of batch {resolved['batch']}."
        flags.append(Flag("weight_decay_scaled", message))
    return flags
