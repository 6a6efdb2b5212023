"""What a preferred value is worth in a search, right or wrong: regret of TPE with and without `hydra.sweeper.prior`.

The objective is a bowl with a known optimum in six dimensions, two of them without effect, and noise as seeds make it.
Each row is the mean, over searches whose optimum is drawn anew, of the distance in value between the optimum and the
noise-free value of the setting that the search calls best. The first trial of a search with preferred values is these.

    .venv/bin/python benchmarks/prior.py --searches 200
"""

import argparse

import numpy as np
import optuna
from optuna_search.study.prior import PriorSampler

WEIGHTS = np.array([1.0, 1.0, 0.5, 0.5, 0.0, 0.0])
NOISE = 0.02  # standard deviation, of a value whose range is about 1
TRIALS = (8, 16, 32, 64)


def regrets(offset: float | None, seed: int) -> list[float]:
    """How far the best setting is from the optimum after each of `TRIALS`.

    Args:
        offset: How far the preferred values are from the optimum in each dimension, as a share of the range; None for a
            search without any.
        seed: Of the optimum, the noise and the sampler.
    """
    random = np.random.default_rng(seed)
    optimum = random.uniform(0.1, 0.9, len(WEIGHTS))
    towards = np.where(optimum > 0.5, -1, 1)  # so that the preferred value is within the range
    names = [f"x{number}" for number in range(len(WEIGHTS))]
    sampler: optuna.samplers.BaseSampler = optuna.samplers.TPESampler(seed=seed)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    if offset is not None:
        preferred = dict(zip(names, optimum + offset * towards, strict=True))
        study.sampler = PriorSampler(sampler, preferred, seed)
        study.enqueue_trial(preferred)
    true = []
    for _ in range(max(TRIALS)):
        trial = study.ask()
        point = np.array([trial.suggest_float(name, 0, 1) for name in names])
        true.append(-float((WEIGHTS * (point - optimum) ** 2).sum()))
        study.tell(trial, true[-1] + random.normal(0, NOISE))
    values = [trial.value for trial in study.get_trials(deepcopy=False)]
    return [-true[int(np.argmax(values[:count]))] for count in TRIALS]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--searches", type=int, default=200)
    searches = parser.parse_args().searches
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    print(f"| preferred values | {' | '.join(f'{count} trials' for count in TRIALS)} |")
    print("|---|" + "---|" * len(TRIALS))
    for offset in (None, 0.0, 0.1, 0.2, 0.4):
        found = np.array([regrets(offset, seed) for seed in range(searches)])
        error = found.std(axis=0, ddof=1) / np.sqrt(searches)
        cells = (f"{mean:.3f} ± {sd:.3f}" for mean, sd in zip(found.mean(axis=0), error, strict=True))
        name = "none" if offset is None else f"{offset:.0%} of the range beside the optimum"
        print(f"| {name} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
