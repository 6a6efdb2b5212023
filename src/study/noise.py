"""What chance alone does to the means of a study's settings: other images, and other seeds.

All settings are measured on the same images, each as the mean over its runs. Two kinds of chance move such a mean:

- the images. A model's contributions (src/evaluation/contributions.py) say how each group of images moves its metric.
  Where all settings are equally good, the contributions on a group of images might be dealt out to the settings in any
  other order: a permutation within the images, which needs no normal distribution (Pitman, Journal of the Royal
  Statistical Society, Supplement 4, 1937; Westfall and Young, Resampling-Based Multiple Testing, 1993). Against the
  starting weights it is the exchange of the setting and these: a change of sign, image by image;
- the seeds. The mean over n runs scatters by s / sqrt(n), s being the standard deviation over seeds. It is known from a
  few runs, so that all draws of one kind are divided by a common chi variable: Student's t.

Seeds are run on the same images, so that s holds what another training makes of them as well. That part is taken out of
the images' share, or it would be counted twice.

The greatest of many differences is larger by chance than any single one. Draws of both kinds together say how large:
the studentised range for settings against each other (Tukey, 1953; against the best one src/study/below.py), the
greatest of the gains over the starting weights (Dunnett, Journal of the American Statistical Association 50, 1955).
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from src.core.interval import Interval
from src.study.comparison import Comparison, Scatter

DRAWS = 4000  # a quantile of 97.5 % is known to a quarter of a percent then

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Measured:
    """What the images say about a setting and about the starting weights under its conditions.

    Attributes:
        runs: The contributions of the images to each of its runs, (runs, groups).
        start: Likewise of the starting weights, (groups,); None where they were not evaluated.
    """

    runs: Array
    start: Array | None = None

    @property
    def mean(self) -> Array:
        """Of the mean over its runs, (groups,)."""
        found: Array = self.runs.mean(axis=0)
        return found


@dataclass(frozen=True, eq=False)
class Noise:
    """What chance does to settings, each the mean of some runs on the same images.

    Attributes:
        places: Which settings of a comparison they are.
        counts: How many runs each is the mean of.
        measured: What the images say of each; None where that is not known.
        scatter: How far runs of one setting lie from each other; None where that is not known.
        seed: Of the draws.
    """

    places: Sequence[int]
    counts: Sequence[int]
    measured: Sequence[Measured] | None
    scatter: Scatter | None
    seed: int = 0

    @classmethod
    def of(cls, comparison: Comparison, measured: Mapping[int, Measured], scatter: Scatter | None = None) -> "Noise":
        """What is known of chance in a study.

        Args:
            comparison: Its settings, best first.
            measured: What the images say, by a setting's place. Settings that are missing cannot be compared with the
                others, and are left out; nothing can be compared with the best one where that is missing.
            scatter: How far runs of one setting lie from each other, where that is known from elsewhere; for a study
                none of whose own settings was repeated.
        """
        on_images = measured if 0 in measured else {}
        places = [place for place in range(len(comparison.settings)) if not on_images or place in on_images]
        counts = [len(comparison.settings[place].trials) for place in places]
        known = [on_images[place] for place in places] if on_images else None
        return cls(places, counts, known, comparison.scatter or scatter)

    @property
    def sources(self) -> tuple[str, ...]:
        """What it knows of: `images`, `seeds`, both or nothing."""
        known = {"images": self.measured is not None, "seeds": self.scatter is not None}
        return tuple(name for name, there in known.items() if there)

    def contrast_error(self, weights: Array) -> float:
        """The standard error of a weighted sum of settings; never below what all settings together say.

        Args:
            weights: Of each setting, with sum 0, (settings,).
        """
        pooled = self.of_setting * float((weights**2).sum())
        own = 0.0 if self.measured is None else float(((weights @ self._on_images) ** 2).sum()) * self._share
        return math.sqrt(max(own, pooled) + float((weights**2) @ self._of_seeds))

    def contrast_reach(self, weights: Array, confidence: float = 0.95) -> float:
        """How many standard errors such a sum stays below on either side with that probability."""
        of_draws = math.sqrt(self.of_setting * float((weights**2).sum()) + float((weights**2) @ self._of_seeds))
        return float(np.quantile(np.abs(self.drawn @ weights), confidence)) / of_draws if of_draws > 0 else 0.0

    def difference(self, a: int, b: int, estimate: float) -> Interval:
        """The difference of two settings, with a 95 % interval that holds for all pairs of settings together."""
        weights = np.zeros(len(self.counts))
        weights[a], weights[b] = 1.0, -1.0
        return around(estimate, *[self.largest_difference * self.contrast_error(weights)] * 2)

    @cached_property
    def largest_difference(self) -> float:
        """How many standard errors the largest difference of equal settings stays below in 95 % of cases.

        It is over all pairs of settings: the best and any other are one of them, whichever these are.
        """
        counts = np.asarray(self.counts)
        found = np.zeros(DRAWS)
        for a in np.unique(counts):
            for b in np.unique(counts):
                of_seeds = (1 / a + 1 / b) * (0.0 if self.scatter is None else self.scatter.std**2)
                error = math.sqrt(2 * self.of_setting + of_seeds)
                if error > 0:
                    apart = self.drawn[:, counts == a].max(axis=1) - self.drawn[:, counts == b].min(axis=1)
                    found = np.maximum(found, apart / error)
        return float(np.quantile(found, 0.95))

    def gain(
        self, place: int, estimate: float, *, is_best: bool, behind: float = 0.0, ends: Scatter | None = None
    ) -> Interval:
        """The gain of a setting over the starting weights, greater is better, with its 95 % interval.

        Its lower end holds for all settings together, as the best of them need. Its upper end does so for any but the
        best one, which choosing cannot have pushed down. The lower end is that of the last epochs: of a training's
        best epoch, chosen by these images, nobody knows how much of it is luck.

        Args:
            place: The setting, among these.
            estimate: The gain.
            is_best: Whether it is the best of the settings.
            behind: How far its trainings were behind their best epochs when they ended.
            ends: How far runs of one setting lie from each other after their last epochs; None where that is not known.
        """
        known = self.measured is None or all(each.start is not None for each in self.measured)
        if not known or not self.sources:
            return Interval(estimate, math.nan, math.nan)
        largest, error = self.drawn_gains.max(axis=1), self._gain_errors[place]
        below = float(np.quantile(largest, 0.975)) * self._error_at_end(place, ends) + behind
        above = float(np.quantile(self.drawn_gains[:, place] if is_best else largest, 0.975)) * error
        return around(estimate, below, above)

    def _error_at_end(self, place: int, ends: Scatter | None) -> float:
        """The standard error of a gain after the last epochs, which scatter more than best ones, or as much."""
        more = 0.0
        if ends is not None and self.scatter is not None:
            more = max(0.0, ends.std**2 - self.scatter.std**2) / self.counts[place]
        return math.sqrt(float(self._gain_errors[place]) ** 2 + more)

    @cached_property
    def drawn(self) -> Array:
        """What chance may add to each setting, were all of them equally good, (draws, settings).

        The scatter over seeds is known from a few runs only: it may be greater than it seems.
        """
        return self._on_permuted_images + self._seeds(np.random.default_rng([self.seed, 1]))

    @cached_property
    def together(self) -> tuple[Array, Array]:
        """What chance adds to each setting, some being more alike than others, and to its gain; (draws, settings)."""
        rng = np.random.default_rng([self.seed, 1])
        of_seeds = rng.standard_normal((DRAWS, len(self.counts))) * self.seed_errors
        if self.measured is None:
            return of_seeds, of_seeds
        drawn = rng.standard_normal((DRAWS, self._on_images.shape[1])) * math.sqrt(self._share)
        means, gains = (of_seeds + drawn @ (of - of.mean(axis=0)).T for of in (self._on_images, self._gains))
        return means, gains

    @cached_property
    def _on_permuted_images(self) -> Array:
        rng = np.random.default_rng(self.seed)
        drawn = np.zeros((DRAWS, len(self.counts)))
        if self.measured is not None:
            order = np.tile(np.arange(len(self.counts)), (DRAWS, 1))
            for contribution in (self._on_images - self._on_images.mean(axis=0)).T:
                drawn += contribution[rng.permuted(order, axis=1)]
            drawn *= math.sqrt(self._share)
        return drawn

    @cached_property
    def drawn_gains(self) -> Array:
        """What chance adds to each gain over the starting weights, in standard errors, (draws, settings)."""
        rng = np.random.default_rng(self.seed)
        drawn = np.zeros((DRAWS, len(self.counts)))
        if self.measured is not None:
            gains = self._gains
            groups = gains.shape[1]
            sums = rng.choice([-1.0, 1.0], (DRAWS, groups)) @ gains.T
            # each draw by its own standard error, as the observed gain is
            squares = ((gains**2).sum(axis=1) - sums**2 / groups) * groups / (groups - 1)
            drawn = sums / np.sqrt(np.maximum(squares, 1e-300)) * np.sqrt(self.gain_on_images)
        drawn = drawn + self._seeds(rng)
        return np.divide(drawn, self._gain_errors, out=np.zeros_like(drawn), where=self._gain_errors > 0)

    def _seeds(self, rng: np.random.Generator) -> Array:
        drawn = rng.standard_normal((DRAWS, len(self.counts))) * np.sqrt(self._of_seeds)
        if self.scatter is None or math.isinf(self.scatter.freedom):
            return drawn
        return drawn * np.sqrt(self.scatter.freedom / rng.chisquare(self.scatter.freedom, DRAWS))[:, None]

    @cached_property
    def _on_images(self) -> Array:
        """The contributions to each setting's mean, (settings, groups)."""
        assert self.measured is not None, "asked for where they are known only"
        return np.stack([each.mean for each in self.measured])

    @cached_property
    def _gains(self) -> Array:
        """The contributions to each setting's gain, (settings, groups)."""
        assert self.measured is not None, "asked for where they are known only"
        return np.stack([each.mean - (0.0 if each.start is None else each.start) for each in self.measured])

    @cached_property
    def _of_seeds(self) -> Array:
        """The variance of each setting's mean over seeds, (settings,)."""
        variance = 0.0 if self.scatter is None else self.scatter.std**2
        return variance / np.asarray(self.counts, np.float64)

    @property
    def seed_errors(self) -> Array:
        """The standard error of each setting's mean over seeds, (settings,)."""
        found: Array = np.sqrt(self._of_seeds)
        return found

    @cached_property
    def of_training(self) -> float:
        """The variance of one run that the images bring and the scatter over seeds holds already."""
        if self.measured is None or self.scatter is None:
            return 0.0
        freedom = sum(len(each.runs) - 1 for each in self.measured)
        squares = sum(float(((each.runs - each.mean) ** 2).sum()) for each in self.measured)
        return squares / freedom if freedom else 0.0

    @cached_property
    def _apart(self) -> float:
        """The variance over images of a setting around the mean of all settings."""
        deviations = self._on_images - self._on_images.mean(axis=0)
        return float((deviations**2).sum()) / max(len(self.counts) - 1, 1)

    @cached_property
    def _share(self) -> float:
        """Which share of that the scatter over seeds does not hold."""
        if self._apart == 0:
            return 0.0
        training = self.of_training * float(np.mean(1 / np.asarray(self.counts)))
        return max(0.0, 1 - training / self._apart)

    @property
    def variances(self) -> Array:
        """The variance of each setting's mean by chance, were all of them equally good, (settings,)."""
        return self.of_setting + self._of_seeds

    @property
    def of_setting(self) -> float:
        """The variance over images of a setting, that of its trainings taken out."""
        return 0.0 if self.measured is None else self._apart * self._share

    @cached_property
    def _gain_errors(self) -> Array:
        """The standard error of each gain, (settings,); 0 where nothing says it."""
        found: Array = np.sqrt(self.gain_on_images + self._of_seeds)
        return found

    @cached_property
    def gain_on_images(self) -> Array:
        """The variance of each gain over images, that of its trainings taken out, (settings,)."""
        if self.measured is None:
            return np.zeros(len(self.counts))
        variance = (self._gains**2).sum(axis=1) - self.of_training / np.asarray(self.counts)
        found: Array = np.maximum(variance, 0.0)
        return found


def is_known(interval: Interval) -> bool:
    """Whether an interval has ends."""
    return not math.isnan(interval.low)


def around(estimate: float, below: float, above: float) -> Interval:
    """An interval of that reach; without ends where nothing varied, which is no certainty."""
    if below == above == 0:
        return Interval(estimate, math.nan, math.nan)
    return Interval(estimate, estimate - below, estimate + above)
