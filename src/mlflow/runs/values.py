"""Names and values in the form that MLflow takes and its charts understand."""

import logging
import math
import re
from collections.abc import Mapping
from decimal import Decimal

from src.mlflow.runs.run import ParamValue

MAX_PARAM_LENGTH = 6000
MAX_TAG_LENGTH = 8000
MAX_DIGEST_LENGTH = 36

_logger = logging.getLogger(__name__)
_NOT_IN_NAMES = re.compile(r"[^\w\-. :/]")


def name_text(name: str) -> str:
    """A name for a parameter, metric or tag in which characters that MLflow refuses have become underscores."""
    return _NOT_IN_NAMES.sub("_", name)


def param_texts(params: Mapping[str, ParamValue]) -> dict[str, str]:
    """Parameters as texts that the charts of MLflow's UI read as numbers where they are numbers."""
    return {name_text(name): _param_text(name, value) for name, value in params.items()}


def tag_texts(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags whose values are short enough."""
    return {name_text(name): _cut(f"tag '{name}'", str(value), MAX_TAG_LENGTH) for name, value in tags.items()}


def metric_values(metrics: Mapping[str, float]) -> dict[str, float]:
    """Metrics with infinity turned into NaN: MLflow stores it as 1.8e308, which flattens every chart."""
    return {name_text(name): value if math.isfinite(value) else math.nan for name, value in _floats(metrics).items()}


def _floats(metrics: Mapping[str, float]) -> dict[str, float]:
    return {name: float(value) for name, value in metrics.items()}


def _param_text(name: str, value: ParamValue) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _float_text(value)
    return _cut(f"parameter '{name}'", str(value), MAX_PARAM_LENGTH)


def _float_text(value: float) -> str:
    """A number in plain decimals: the UI's columns cut `1.1834587e-05` off before its exponent."""
    plain = 1e-12 < abs(value) < 1e16
    return format(Decimal(repr(float(value))), "f") if plain else str(value)


def _cut(what: str, text: str, length: int) -> str:
    if len(text) <= length:
        return text
    _logger.warning("The %s has %d characters; MLflow takes %d, the rest is cut off.", what, len(text), length)
    return text[: length - 1] + "…"
