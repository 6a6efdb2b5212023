"""What Hydra and OmegaConf keep private and a sweeper cannot do without: the one module to look at when they change."""

from collections.abc import Sequence
from typing import Any, TypeGuard

from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.grammar import grammar_functions
from hydra.core.override_parser.types import Override
from hydra.core.utils import JobReturn
from omegaconf import DictConfig, ListConfig, Node
from omegaconf._utils import split_key

__all__ = [
    "BASIC_LAUNCHER",
    "apply_value",
    "child",
    "error_of",
    "has_items",
    "is_interpolation",
    "no_callbacks",
    "override_text",
    "overrides_dirname",
    "parsed_value",
    "split_key",
    "take_null",
]

BASIC_LAUNCHER = "hydra._internal.core_plugins.basic_launcher"  # the module, whose log has its name


def take_null() -> None:
    """Let Hydra's `choice(null,1)` and `shuffle(null,1)` be what `null,1` is already; an annotation alone forbids it.

    Side effects: changes the annotations, by which Hydra checks arguments, in the whole process.
    """
    functions: tuple[Any, ...] = (grammar_functions.choice, grammar_functions.shuffle)
    for function in functions:
        function.__annotations__["args"] = function.__annotations__["args"] | None


def override_text(value: Any) -> str:
    """A value in Hydra's override grammar, as Hydra itself writes it: without quotes."""
    return Override._get_value_element_as_str(value)


def parsed_value(element: Any) -> Any:
    """A value of the override grammar's parser as Python has it."""
    return Override._convert_value(element)


def apply_value(override: Override, config: DictConfig) -> None:
    """Set one value in a configuration that has been composed.

    Raises:
        hydra.errors.HydraException: the configuration does not take it.
    """
    ConfigLoaderImpl._apply_overrides_to_config([override], config)


def overrides_dirname(overrides: Sequence[Override], options: Any) -> str | None:
    """What `hydra.job.override_dirname` holds; None from Hydra 1.4 on, where a resolver finds it.

    Args:
        overrides: Of the task.
        options: The node `hydra.job.config.override_dirname`.
    """
    dirname = getattr(config_loader_impl, "get_overrides_dirname", None)
    if dirname is None:
        return None
    text: str = dirname(overrides, kv_sep=options.kv_sep, item_sep=options.item_sep, exclude_keys=options.exclude_keys)
    return text


def error_of(result: JobReturn) -> Exception | None:
    """What a job raised; None if it returned. `JobReturn.return_value` would raise it, with Hydra's own lines."""
    error = result._return_value
    return error if isinstance(error, Exception) else None


def no_callbacks() -> Any:
    """Hydra's callbacks for jobs that none of them waits for."""
    from hydra._internal.callbacks import Callbacks

    return Callbacks()


def child(node: Node | None, key: str) -> Node | None:
    """What stands under a key, unresolved; None where nothing does, or nothing can."""
    if isinstance(node, ListConfig):
        return node._get_node(int(key))  # type: ignore[return-value]  # only slices give lists
    if has_items(node):
        return node._get_node(key, validate_access=False)  # only slices give lists
    return None


def has_items(node: Node | None) -> TypeGuard[DictConfig]:
    """Whether a node is a mapping, neither null nor missing."""
    return isinstance(node, DictConfig) and not node._is_none() and not node._is_missing()


def is_interpolation(node: Node | None) -> bool:
    """Whether a node refers to another one."""
    return node is not None and node._is_interpolation()
