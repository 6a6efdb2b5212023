"""What has to hold for a parameter to be searched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Clause:
    """`key=value`, or `key=a,b` for any of these.

    Attributes:
        key: What is judged.
        values: What it may be; of a searched key the values that Optuna knows.
        texts: The same as override text.
        searched: Whether the key is searched itself.
    """

    key: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    searched: bool = False

    def met_by(self, value: Any) -> bool:
        """Whether `value` is one of those named."""
        return any(same(value, wanted) for wanted in self.values)

    def __str__(self) -> str:
        return f"{self.key}={','.join(self.texts)}"


@dataclass(frozen=True)
class Condition:
    """Clauses all of which have to be met."""

    clauses: tuple[Clause, ...]

    def holds(self, value_of: Callable[[Clause], Any]) -> bool:
        """Whether all clauses are met by the values that `value_of` finds for them."""
        return all(clause.met_by(value_of(clause)) for clause in self.clauses)

    def __str__(self) -> str:
        return " and ".join(map(str, self.clauses))


def same(left: Any, right: Any) -> bool:
    """Equal as values of a configuration: true is not 1, and nan is nan."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    return bool(left == right) or (left != left and right != right)  # noqa: PLR0124 - nan alone differs from itself
