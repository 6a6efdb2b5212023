"""The arguments of `python -m src.confirm`."""

from dataclasses import dataclass, field

from src.core.errors import ConfigError


@dataclass
class ConfirmOptions:
    """What to train again.

    Attributes:
        study: The study's name.
        top: How many of its settings.
        seeds: Each of them with each of these seeds; those that the search has used are replaced, see `fresh`.

    Raises:
        ConfigError: there is nothing to train.
    """

    study: str = ""
    top: int = 3
    seeds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ConfigError(f"top={self.top}: expected how many settings to train again, 1 or more.")
        if not self.seeds:
            raise ConfigError("seeds is empty: expected the seeds to train with, such as seeds=[1,2,3,4,5].")
        if len(set(self.seeds)) < len(self.seeds):
            raise ConfigError(f"seeds={self.seeds} names a seed twice, which would train the same model again.")
        if min(self.seeds) < 0:
            raise ConfigError(f"seeds={self.seeds}: a seed is 0 or more.")


def fresh(seeds: list[int], used: set[int]) -> list[int]:
    """Seeds of which none was used in the search: those that were are replaced by the next greater ones.

    A setting leads its study for what it reached with the seeds of the search, luck included; the same training once
    more would bring the same luck.
    """
    kept = [seed for seed in seeds if seed not in used]
    candidate = max(seeds) + 1
    while len(kept) < len(seeds):
        if candidate not in used:
            kept.append(candidate)
        candidate += 1
    return kept
