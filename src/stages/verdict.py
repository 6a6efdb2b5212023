"""What the end of a study says beside its table: is the best trial better than not training at all?"""

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import optuna
from optuna.trial import FrozenTrial, TrialState
from rich.console import Console

from src.core.errors import DataError
from src.core.interval import Interval
from src.core.trial_params import by_key
from src.evaluation.bootstrap import paired_difference
from src.evaluation.records import DetectionRecords
from src.tracking.study_summary import best_trials

COMPARED = ("mAP50-95", "mAP50")


class Verdict:
    """An Optuna callback that does its work at the end of a sweep; the sweeper calls `on_sweep_end`."""

    def __init__(self, tracking_uri: str | None = None, console: Console | None = None) -> None:
        self._tracking_uri = tracking_uri
        self._console = console or Console()

    def __call__(self, study: optuna.Study, trial: FrozenTrial) -> None:
        """After a single trial there is nothing to judge yet."""

    def on_sweep_end(self, study: optuna.Study) -> None:
        """Print the comparison with the untrained weights, what the flags mean, and how to look closer."""
        lines = verdict(study)
        if self._tracking_uri and "mlflow_run_id" in study.user_attrs:
            lines.append(f"Compare the runs:   mlflow ui --backend-store-uri {self._tracking_uri}")
            if url := study.user_attrs.get("mlflow_comparison_url"):
                lines.append(f"  and open:         {url}")
        for line in lines:
            self._console.print(line, markup=False, highlight=False, soft_wrap=True)


def verdict(study: optuna.Study) -> list[str]:
    """The lines to print under a study's table.

    Trials carry what is needed as user attributes, written by the train stage: `metrics`, `untrained`, `records`,
    `baseline_records`, `flags`, `flag_messages`.
    """
    completed = [trial for trial in study.get_trials(deepcopy=False) if trial.state == TrialState.COMPLETE]
    if not completed:
        return []
    lines = _against_untrained(study, completed)
    lines += _flags(completed)
    return lines


def _against_untrained(study: optuna.Study, completed: Sequence[FrozenTrial]) -> list[str]:
    judged = [trial for trial in completed if "untrained" in trial.user_attrs]
    if not judged:
        return ["The untrained weights were not evaluated (train.baseline=false): nothing says that training helped."]
    lines = [_untrained(judged)]
    best = best_trials(study)
    lines += [line for trial in best[:1] if trial in judged for line in _difference(trial)]
    metric = f"val/{COMPARED[0]}"
    worse = sum(trial.user_attrs["metrics"][metric] < trial.user_attrs["untrained"][metric] for trial in judged)
    lines.append(f"{worse} of {len(judged)} trials are worse in {metric} than the weights they started from.")
    return lines


def _untrained(judged: Sequence[FrozenTrial]) -> str:
    """The baseline depends on the image size, so that a study may have several."""
    by_size: dict[Any, Mapping[str, float]] = {
        by_key(trial.params).get("train.imgsz", ""): trial.user_attrs["untrained"] for trial in judged
    }
    figures = [
        " / ".join(f"{untrained[f'val/{name}']:.3f}" for name in COMPARED) + (f" at imgsz {size}" if size else "")
        for size, untrained in sorted(by_size.items(), key=lambda item: str(item[0]))
    ]
    return f"Untrained weights, {' / '.join(f'val/{name}' for name in COMPARED)}: {', '.join(figures)}."


def _difference(trial: FrozenTrial) -> list[str]:
    try:
        trained = DetectionRecords.load(Path(trial.user_attrs["records"]))
        untrained = DetectionRecords.load(Path(trial.user_attrs["baseline_records"]))
    except (KeyError, OSError, DataError) as error:
        return [f"Trial {trial.number} cannot be compared with the untrained weights image by image: {error}"]
    replicates = len(trial.user_attrs.get("replicates", ()))
    which = f", the best (the last of its {replicates} replicates)" if replicates else ", the best"
    return [
        f"Trial {trial.number}{which}, against them on the same {trained.image_count} images: "
        + "; ".join(_said(name, paired_difference(trained, untrained, name)) for name in COMPARED)
        + ". (95 % intervals over images; the luck of being the best of several trials comes on top.)"
    ]


def _said(name: str, difference: Interval) -> str:
    if difference.excludes_zero:
        judgement = "better" if difference.estimate > 0 else "WORSE than not training"
    else:
        judgement = "not to be told apart"
    return f"{name} {difference:+.3f}, {judgement}"


def _flags(completed: Sequence[FrozenTrial]) -> list[str]:
    messages: dict[str, str] = {}
    counts: Counter[str] = Counter()
    for trial in completed:
        names = trial.user_attrs.get("flags", [])
        counts.update(names)
        messages |= dict(zip(names, trial.user_attrs.get("flag_messages", []), strict=False))
    return [f"Flag {name} ({count}×), e.g.: {messages.get(name, '')}" for name, count in counts.most_common()]
