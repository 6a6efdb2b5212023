"""A study at a glance: the facts on top of its page, and its trials as the figures show them."""

from collections import Counter

from optuna.trial import TrialState

from src.render.study_figures import Mark
from src.study.analysis import Analysis
from src.study.clock import Clock, duration
from src.study.pages.tables import number
from src.study.trials import ReportedTrial
from src.study.unified_space import short_names

_STATES = {
    TrialState.COMPLETE: "completed",
    TrialState.PRUNED: "pruned",
    TrialState.FAIL: "failed",
    TrialState.RUNNING: "running",
    TrialState.WAITING: "waiting",
}


def facts(analysis: Analysis) -> tuple[tuple[str, str], ...]:
    """What was searched, on what, for how long."""
    study, training, clock = analysis.study, analysis.training, Clock(analysis.study.trials)
    states = Counter(trial.state for trial in study.trials)
    directions = ("maximised" if maximize else "minimised" for maximize in study.maximize)
    spent = sum(trial.seconds or 0.0 for trial in study.trials)
    pairs = [
        ("objective", ", ".join(f"{n} ({d})" for n, d in zip(study.objectives, directions, strict=True))),
        ("trials", ", ".join(f"{states[s]} {word}" for s, word in _STATES.items() if states[s]) or "none"),
        ("replicates of a trial", str(max((len(trial.replicates) for trial in study.trials), default=0) or "")),
        ("data", training and training.data.name),
        ("data digest", training and training.data.digest[:16]),
        ("images on val", analysis.images and str(analysis.images)),
        ("started from", ", ".join(analysis.starts)),
        ("starting weights", ", ".join(f"{value:.4f} {text}".strip() for text, value in study.untrained.items())),
        ("time in which trials ran", duration(clock.seconds) if clock.seconds else ""),
        ("time of all trials together", duration(spent) if spent else ""),
        ("sampler", study.sampler.rpartition(".")[2]),
        ("MLflow run", study.run_id),
    ]
    return tuple((name, str(value)) for name, value in pairs if value)


def marks(analysis: Analysis) -> list[Mark]:
    """The trials as the figures show them."""
    study, clock = analysis.study, Clock(analysis.study.trials)
    short = short_names(study.space)
    return [
        Mark(
            number=trial.number,
            kind=_kind(trial, analysis),
            label=", ".join(f"{short[name]}={number(value)}" for name, value in trial.params.items()),
            value=trial.results[0] if trial.results else trial.curve.values[-1] if trial.curve.values else None,
            minutes=None if trial.ended is None else clock.at(trial.ended) / 60,
            steps=trial.curve.steps,
            curve=trial.curve.values,
        )
        for trial in study.trials
    ]


def _kind(trial: ReportedTrial, analysis: Analysis) -> str:
    best = analysis.board.best.numbers if analysis.board else analysis.front
    if trial.is_complete:
        return "best" if trial.number in best else "complete"
    return "pruned" if trial.state is TrialState.PRUNED else "failed"
