"""The guard of settings: what was asked for, against what Ultralytics makes of it.

Ultralytics ignores or rewrites some arguments, depending on others, and tells it in a log line at most. A search
over such a parameter searches nothing. What can be known beforehand is known here, without torch.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from src.documents.training import Flag

Arguments = Mapping[str, Any]

MIN_STEPS = 10


@dataclass(frozen=True)
class _DeadRule:
    """Parameters that have no effect when `applies`."""

    parameters: tuple[str, ...]
    applies: Callable[[Arguments], bool]
    because: str
    instead: str


def _is_auto(a: Arguments) -> bool:
    return str(a.get("optimizer", "auto")).lower() == "auto"


def _without_momentum(a: Arguments) -> bool:
    return str(a.get("optimizer", "auto")).lower() in {"adam", "adamw", "adamax", "nadam", "radam"}


def _mosaic_closed(a: Arguments) -> bool:
    return a.get("time") is None and 0 < a.get("epochs", 100) <= a.get("close_mosaic", 10)


def _mixes_nothing(a: Arguments) -> bool:
    return not any(a.get(name, default) for name, default in (("mosaic", 1.0), ("mixup", 0.0), ("cutmix", 0.0)))


def _one_epoch(a: Arguments) -> bool:
    return bool(a.get("time") is None and a.get("epochs", 100) == 1)


_MIXING = ("mosaic", "mixup", "cutmix")
_WARMUP = ("warmup_epochs", "warmup_momentum", "warmup_bias_lr")

_RULES = (
    _DeadRule(
        ("lr0", "momentum", "warmup_bias_lr"),
        _is_auto,
        "train.optimizer=auto discards it and chooses its own",
        "train.optimizer=SGD or AdamW",
    ),
    _DeadRule(
        ("warmup_momentum",), _without_momentum, "this optimizer has no momentum to warm up", "train.optimizer=SGD"
    ),
    _DeadRule(_MIXING, lambda a: bool(a.get("rect")), "train.rect=true turns it off", "train.rect=false"),
    _DeadRule(
        _MIXING,
        _mosaic_closed,
        "train.close_mosaic is not smaller than train.epochs, which turns it off for the whole training",
        "train.close_mosaic=0, or more epochs",
    ),
    _DeadRule(
        ("close_mosaic",),
        lambda a: _mixes_nothing(a) or bool(a.get("rect")),
        "there is no mosaic, mixup or cutmix to close",
        "train.mosaic=1.0 with train.rect=false",
    ),
    _DeadRule(
        ("copy_paste", "copy_paste_mode"),
        lambda _: True,
        "it pastes segmented objects, and detection has boxes only",
        "train.mosaic or train.mixup",
    ),
    _DeadRule(("epochs",), lambda a: a.get("time") is not None, "train.time overwrites it", "train.time=null"),
    _DeadRule(
        ("patience",),
        lambda a: a.get("time") is None and a.get("patience", 100) >= a.get("epochs", 100),
        "a training of no more epochs than train.patience never stops early",
        "train.patience below train.epochs",
    ),
    _DeadRule(_WARMUP, _one_epoch, "a training of one epoch has no warm-up", "train.epochs of 2 or more"),
    _DeadRule(
        ("lrf", "cos_lr"),
        _one_epoch,
        "the learning rate falls from epoch to epoch, and there is only one",
        "train.epochs of 2 or more",
    ),
    _DeadRule(
        ("warmup_momentum", "warmup_bias_lr"),
        lambda a: a.get("warmup_epochs", 3.0) == 0,
        "train.warmup_epochs=0 leaves no warm-up",
        "train.warmup_epochs above 0",
    ),
    _DeadRule(
        ("dis",), lambda a: a.get("distill_model") is None, "there is no teacher to distil", "train.distill_model=PATH"
    ),
    _DeadRule(
        ("amp", "workers"),
        lambda a: a.get("device") in ("cpu", "mps"),
        "Ultralytics uses it on CUDA devices only",
        "train.device=0",
    ),
    _DeadRule(
        ("cls_pw",), lambda a: bool(a.get("single_cls")), "with one class there is nothing to weigh", "more classes"
    ),
)


def dead_parameters(arguments: Arguments, searched: Collection[str]) -> list[str]:
    """Which searched parameters are known to have no effect in this training.

    Args:
        arguments: Training arguments by Ultralytics' names; what is absent counts as Ultralytics' default.
        searched: Names of the parameters that a search varies.

    Returns:
        One sentence a parameter and reason: why it is dead and what to set instead. Empty if all are alive.
    """
    return [
        f"train.{name} has no effect here: {rule.because}. Set {rule.instead}, or do not search train.{name}."
        for rule in _RULES
        for name in rule.parameters
        if name in searched and rule.applies(arguments)
    ]


def flags_before(arguments: Arguments) -> list[Flag]:
    """The flags that are known before a training starts."""
    flags = []
    if _is_auto(arguments):
        flags.append(
            Flag("optimizer_auto", "train.optimizer=auto: Ultralytics chose optimizer, lr0 and momentum by itself.")
        )
    if (_mosaic_closed(arguments) or arguments.get("rect")) and not _mixes_nothing(arguments):
        reason = "train.rect=true" if arguments.get("rect") else "train.close_mosaic is not smaller than train.epochs"
        flags.append(Flag("mosaic_off", f"Mosaic, mixup and cutmix never ran: {reason}."))
    if arguments.get("copy_paste"):
        flags.append(Flag("copy_paste_dead", "train.copy_paste has no effect on detection, which has no segments."))
    if arguments.get("fraction", 1.0) != 1.0:
        flags.append(Flag("fraction_first", "train.fraction takes the first files by name, not a random sample."))
    if arguments.get("time") is not None:
        flags.append(Flag("epochs_by_time", "train.time replaced train.epochs: the result depends on the machine."))
    if arguments.get("cache") in (True, "ram"):
        flags.append(Flag("cache_ram", "train.cache=ram makes trainings differ from run to run."))
    if not arguments.get("deterministic", True):
        flags.append(Flag("not_deterministic", "train.deterministic=false: the same seed gives other results."))
    return flags
