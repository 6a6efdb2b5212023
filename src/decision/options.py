"""What a user can set about the decision: the section `decide` of the configuration."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from src.core.errors import ConfigError, did_you_mean
from src.decision.metrics import METRICS
from src.documents.gates import Comparison, Gate
from src.documents.latency import Backend

BACKENDS = tuple(map(str, Backend))
_COMPARISONS = tuple(map(str, Comparison))


@dataclass
class DecideOptions:
    """By what a model is judged, and where the documents about it lie.

    Attributes:
        training: Folder of the stage train.
        evaluation: Folder of the stage evaluate.
        threshold: Folder of the stage tune_threshold.
        backend: Whose latency counts, `pytorch` or `onnx`: that of the runtime the model is to be deployed with.
        gates: What the model has to fulfil: by a name of the user's choice, a `metric` (one of `METRICS`) and one of
            the limits `more_than`, `at_least`, `less_than` and `at_most`. Not a mapping of dataclasses, to which the
            command line could not add one.

    Raises:
        ConfigError: a value cannot work.
    """

    training: str = "outputs/pipeline/train"
    evaluation: str = "outputs/pipeline/evaluate"
    threshold: str = "outputs/pipeline/tune_threshold"
    backend: str = "pytorch"
    gates: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.backend not in BACKENDS:
            raise ConfigError(
                f"decide.backend is '{self.backend}'; valid are {', '.join(BACKENDS)}."
                f"{did_you_mean(self.backend, BACKENDS)}"
            )
        self.judged_by()

    def judged_by(self) -> tuple[Gate, ...]:
        """The gates, in the order in which they are written.

        Raises:
            ConfigError: one of them is none.
        """
        return tuple(_gate(f"decide.gates.{name}", str(name), content) for name, content in self.gates.items())


def _gate(key: str, name: str, content: Any) -> Gate:
    if not isinstance(content, Mapping):
        raise ConfigError(f"{key} is {content!r}; write it as {{metric: test/precision, more_than: 0.5}}.")
    for word in content:
        if word not in {"metric", *_COMPARISONS}:
            hint = did_you_mean(str(word), ["metric", *_COMPARISONS])
            raise ConfigError(f"{key}.{word}: a gate has a metric and one of {', '.join(_COMPARISONS)}.{hint}")
    metric = content.get("metric")
    if metric not in METRICS:
        hint = did_you_mean(str(metric), METRICS)
        raise ConfigError(f"{key}.metric is {metric}, which is no metric.{hint} There are: {', '.join(METRICS)}.")
    comparison, limit = _limit(key, name, content)
    return Gate(name, str(metric), comparison, limit)


def _limit(key: str, name: str, content: Mapping[str, Any]) -> tuple[Comparison, float]:
    given = {word: content[word] for word in _COMPARISONS if content.get(word) is not None}
    if len(given) != 1:
        raise ConfigError(
            f"{key} needs exactly one of {', '.join(_COMPARISONS)}; it has {' and '.join(given) or 'none of them'}."
            f" To change a limit, override the one that is there; to remove a gate, say '~decide.gates.{name}'."
        )
    [(word, limit)] = given.items()
    if isinstance(limit, bool) or not isinstance(limit, int | float) or not math.isfinite(limit):
        raise ConfigError(f"{key}.{word} is {limit!r}; expected a number.")
    return Comparison(word), float(limit)
