"""What a confirmation of a study's leading settings leaves for people and later commands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from src.core.interval import Interval
from src.documents.codec import named
from src.documents.document import Document


@dataclass(frozen=True)
class Advantage:
    """By how much the winner is better than something else.

    Attributes:
        difference: Positive where the winner is better, with its 95 % interval.
        probability: That the winner is really better; None where nothing is known about either source.
        sources: What interval and probability cover: `images`, `seeds`, both or nothing.
    """

    difference: Interval
    probability: float | None
    sources: tuple[str, ...] = field(metadata=named("covers"))


@dataclass(frozen=True)
class ConfirmedSetting:
    """A leading setting of a search, trained again with fresh seeds.

    Attributes:
        trial: The number of the trial that it was found with.
        params: Its parameters, by override key.
        searched: Its value in the search.
        values: Its value with each fresh seed.
        mean: Over the seeds.
        std: The standard deviation over seeds; None for a single one.
        n: How many seeds.
        score: The mean minus one standard error (plus, where a smaller value is better).
        winner_is_better_by: The winner's advantage; None for the winner itself.
    """

    trial: int
    params: Mapping[str, bool | int | float | str | None]
    searched: float
    values: Mapping[str, float]
    mean: float
    std: float | None
    n: int
    score: float
    winner_is_better_by: Advantage | None


@dataclass(frozen=True)
class ConfirmationDocument(Document):
    """`confirmation.json` of the command confirm.

    Attributes:
        study: The study's name.
        metric: What the search went by; the winner is chosen by it.
        judged_by: What advantages and probabilities are about: the same, on images that the search has chosen by, or
            its counterpart on test.
        seeds: The fresh seeds that were asked for.
        replaced_seeds: Those of the arguments that the search had used.
        winner: The number of the trial whose setting is the best on fresh seeds.
        survived: Whether that is the search's winner, too.
        settings: In the order of the search, its winner first.
        over_untrained: The winner's advantage over the starting weights; None where they are not known.
    """

    FILE: ClassVar[str] = "confirmation.json"
    STAGE: ClassVar[str] = "confirm"
    VERSION: ClassVar[int] = 2

    study: str
    metric: str
    judged_by: str
    seeds: tuple[int, ...]
    replaced_seeds: tuple[int, ...]
    winner: int
    survived: bool
    settings: tuple[ConfirmedSetting, ...]
    over_untrained: Advantage | None

    @property
    def best(self) -> ConfirmedSetting:
        """The winner's setting."""
        return next(setting for setting in self.settings if setting.trial == self.winner)
