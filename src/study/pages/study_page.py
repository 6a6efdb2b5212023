"""A study's page: what the analysis says, put in the order in which one reads it."""

from collections.abc import Callable, Mapping
from typing import Any

from src.render import optuna_figures
from src.render import study_figures as figures
from src.render.study import Note, Plot, ReportPage, Section, Tabulated
from src.render.study_figures import Share
from src.study.analysis import Analysis
from src.study.comparison import Scatter
from src.study.importance import SHUFFLES, Importance
from src.study.leaderboard import Leaderboard
from src.study.pages.overview import facts, marks
from src.study.pages.sentences import headline, plural, remarks
from src.study.pages.tables import (
    board_table,
    effects_table,
    failed_table,
    flags_table,
    front_table,
    trials_table,
)
from src.study.trials import ReportedStudy, ReportedTrial

_HISTORY = (
    "The trials in their order, and the best so far: a line that has long been flat says that more trials of the same"
    " kind will hardly help."
)
Part = Plot | Tabulated | Note
_ENOUGH_SEEDS = 4  # with fewer, nobody can see that one setting scatters more than another


def page(analysis: Analysis, *, live: bool = False) -> ReportPage:
    """The page's content; it depends on the analysis only, and on whether the page follows a running search."""
    study = analysis.study
    verdict, tone = headline(analysis)
    return ReportPage(
        kind="Study",
        title=study.name,
        verdict=verdict,
        tone=tone,
        summary=tuple(remarks(analysis)),
        facts=facts(analysis),
        sections=(
            Section("Leader board", _leaders(analysis)),
            Section("How the search went", _progress(analysis)),
            Section("Parameters", _parameters(analysis)),
            Section("Trials", _trials(analysis)),
            Section("Next", [_next_steps(analysis)] if analysis.front else []),
        ),
        footer=f"Made by: python -m src.report study={study.name}. The tables beside this page: runs_analysis.csv,"
        " settings.csv.",
        live=live,
    )


def drawn(title: str, reading: str, draw: Callable[[], Any]) -> Part:
    """A figure; or, where Optuna or Plotly cannot draw it, why."""
    try:
        return Plot(title, reading, draw())
    except (ValueError, RuntimeError, ImportError) as error:
        return Note(title, (f"Cannot be drawn: {error}",))


def _leaders(analysis: Analysis) -> list[Part]:
    study = analysis.study
    if analysis.board is not None:
        runs = {len(entry.setting.trials) for entry in analysis.board.entries}
        over = "" if runs == {1} else f" over {max(runs)} runs" if len(runs) == 1 else f" over up to {max(runs)} runs"
        judged = analysis.scatter is not None
        reading = (
            f"Settings by their mean{over}, the best first. ▲ better, ▼ worse, ≈ no significant difference from the"
            " starting weights at the same image size, with 95 % intervals that count the choice among all settings."
        )
        if judged:
            reading += (
                " The line is the difference to the best with its 95 % interval, which holds for the whole board,"
                " all on"
                " one scale, and the thin mark is no difference: an interval that reaches it says that the setting may"
                " be just as good."
            )
        reading += _on_scatter(analysis.scatter, min(runs))
        return [Tabulated("Leader board", reading, board_table(analysis)), *_front(analysis.board, study)]
    if study.complete and not study.is_single:
        reading = "Each trial by its objectives. The red ones no other trial beats in everything; choose among them."
        found = ", ".join(map(str, analysis.front))
        return [
            drawn("Pareto front", reading, lambda: optuna_figures.pareto_front(analysis.unified, study.objectives)),
            Note("On the front", (f"Trials {found}." if analysis.front else "No trial keeps all constraints.",)),
        ]
    return []


def _front(board: Leaderboard, study: ReportedStudy) -> list[Part]:
    if len(board.front) < 2:
        return []
    reading = (
        f"The settings of which none is both better in {study.objectives[0]} and quicker. Differences to the best with"
        " their 95 % intervals are those of the leader board; latency is the 95th percentile for one image."
    )
    return [Tabulated("Pareto front", reading, front_table(board, study))]


def _on_scatter(scatter: Scatter | None, runs: int) -> str:
    """What is uncertain about the scatter over seeds, one number for all settings."""
    if scatter is None:
        return ""
    less = "of settings that scatter three to six times as much as the others, 86 to 92 of 100 intervals hold."
    if scatter.differs:
        return f" Some settings scatter more over seeds than others (Bartlett's test), but are judged alike: {less}"
    if runs < _ENOUGH_SEEDS:
        return f" Settings are taken to scatter alike over seeds, which so few seeds cannot show: {less}"
    return ""


def _levels(untrained: Mapping[str, float]) -> dict[str, float]:
    """What the starting weights reach, by the words beside its line: one line where several would coincide."""
    if len(untrained) > 1 and len(set(untrained.values())) == 1:
        return {"starting weights": next(iter(untrained.values()))}
    return {f"starting weights {text}".strip(): value for text, value in untrained.items()}


def _progress(analysis: Analysis) -> list[Part]:
    study = analysis.study
    first, shown = study.objectives[0], marks(analysis)
    levels = _levels(study.untrained)
    parts: list[Part] = []
    if study.complete:
        for index, name in enumerate(study.objectives):
            title = "Optimization history" if study.is_single else f"Optimization history of {name}"
            reading = _HISTORY if study.is_single else "The trials in their order."
            parts.append(
                drawn(
                    title,
                    reading,
                    lambda index=index, name=name: optuna_figures.history(  # type: ignore[misc]
                        analysis.unified, index, name, levels if index == 0 else {}
                    ),
                )
            )
    if study.is_single and any(mark.minutes is not None and mark.value is not None for mark in shown):
        parts.append(
            drawn(
                "Against the clock",
                "The best so far over the time in which trials ran, and what the starting weights reach untrained.",
                lambda: figures.wall_clock(shown, first, levels, maximize=study.maximize[0]),
            )
        )
    if any(mark.curve for mark in shown):
        step = next((trial.curve.of for trial in study.trials if trial.curve.values), "epoch")
        means = " Of a trial with replicates it is their mean." if step == "epoch" and _has_replicates(analysis) else ""
        parts.append(
            drawn(
                "Learning curves",
                f"{first} after each {step}, of every trial.{means} Purple ends in a cross where the pruner gave a"
                " trial up. Curves that still rise at their end need more epochs.",
                lambda: figures.learning_curves(shown, first, levels, step),
            )
        )
    return parts


def _parameters(analysis: Analysis) -> list[Part]:
    study = analysis.study
    parts: list[Part] = []
    if analysis.effects and study.complete:
        reading = (
            "Importance is the share of the variance that the parameter explains alone, by fANOVA, with the spread over"
            f" resampled trials. By chance: what it gets at most when the results are shuffled {SHUFFLES} times; a"
            " share below that says nothing, one above it speaks of these images only. Pairs are settings that differ"
            " in this parameter and hardly in others; their mean difference changes the result by so much, in a 95 %"
            " interval over other images and seeds where the scatter between seeds is known."
        )
        table = effects_table(analysis.effects, analysis.importances[study.objectives[0]], study.space)
        parts.append(Tabulated("What each parameter did", reading, table))
    for name, found in analysis.importances.items():
        parts.append(_importances(name, found, several=not study.is_single))
    if study.complete and study.space:
        reading = (
            "One line a trial, darker is better. Follow the dark lines: where they pass is where good results lie."
        )
        parts.append(
            drawn(
                "Parallel coordinates",
                reading,
                lambda: optuna_figures.parallel_coordinates(analysis.unified, study.objectives[0]),
            )
        )
        for index, name in enumerate(study.objectives):
            parts.append(
                drawn(
                    "Slices" if study.is_single else f"Slices of {name}",
                    "Every trial over one parameter at a time; darker are later trials. The others vary too: a slope"
                    " here may be theirs.",
                    lambda index=index, name=name: optuna_figures.slices(analysis.unified, index, name),  # type: ignore[misc]
                )
            )
    return parts


def _importances(name: str, found: tuple[Importance, ...] | str, *, several: bool) -> Part:
    title = f"Parameter importances for {name}" if several else "Parameter importances"
    if isinstance(found, str):
        return Note(title, (found,))
    some = "" if any(share.is_real for share in found) else " None of them is more than chance gives here."
    reading = (
        "Bars with the spread over resampled trials (nine in ten), which is no confidence interval. Nothing"
        " follows from grey bars: they do not reach beyond the"
        f" orange mark, which chance alone gives, or might be nothing with other trials.{some}"
    )
    shares = [Share(share.param, share.share, share.low, share.high, share.by_chance, share.is_real) for share in found]
    return drawn(title, reading, lambda: figures.importances(shares))


def _trials(analysis: Analysis) -> list[Part]:
    study = analysis.study
    parts: list[Part] = []
    if (flags := flags_table(study)).rows:
        parts.append(Tabulated("Flags", "What a reader of these trials' results has to know.", flags))
    if (failed := failed_table(study)).rows:
        parts.append(Tabulated("Failed trials", "The last lines that they printed are in their folders.", failed))
    if study.trials:
        title = f"All {plural(len(study.trials), 'trial')}" if len(study.trials) > 1 else "The trial"
        parts.append(Tabulated(title, "Also in runs_analysis.csv.", trials_table(study), folded=True))
    return parts


def _next_steps(analysis: Analysis) -> Note:
    name = analysis.study.name
    lines = []
    if analysis.board is not None:
        lines.append(f"Train the leading settings again with fresh seeds: python -m src.confirm study={name}")
        lines.append(f"Freeze the best one for the pipeline: python -m src.freeze +study={name}")
    else:
        lines.append(
            f"Freeze one of the front for the pipeline: python -m src.freeze +study={name} +trial={analysis.front[0]}"
        )
    lines.append(f"Compare single runs: python -m src.report compare {' '.join(_runs(analysis)) or 'RUN RUN'}")
    return Note("Next", tuple(lines))


def _runs(analysis: Analysis) -> list[str]:
    """Two runs worth comparing, by the beginning of their ids."""
    by_number: Mapping[int, ReportedTrial] = {trial.number: trial for trial in analysis.study.complete}
    wanted = [entry.numbers[0] for entry in analysis.board.entries[:2]] if analysis.board else list(analysis.front[:2])
    ids = [by_number[n].run_id or "" for n in wanted if n in by_number]
    return [run_id[:8] for run_id in ids] if len(ids) == 2 and all(ids) else []


def _has_replicates(analysis: Analysis) -> bool:
    return any(trial.replicates for trial in analysis.study.trials)
