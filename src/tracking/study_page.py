"""One HTML page about a study that needs no network: Optuna's figures with plotly.js inlined once."""

import html
from collections.abc import Callable
from typing import Any

import optuna
from optuna import visualization
from optuna.importance import FanovaImportanceEvaluator
from optuna.trial import TrialState

_STYLE = "body{font-family:sans-serif;max-width:1200px;margin:2em auto;color:#222} .note{color:#777}"

Figure = Any  # plotly.graph_objects.Figure, which is untyped


def study_page(study: optuna.Study) -> str:
    """The page; where a figure cannot be drawn, it says why."""
    name = html.escape(study.study_name)
    parts = [f"<h1>{name}</h1>", f"<p>{html.escape(_headline(study))}</p>"]
    plotly_js_is_in = False
    for title, draw in _figures(study):
        parts.append(f"<h2>{title}</h2>")
        try:
            figure = draw(study)
        except (ValueError, RuntimeError, ImportError) as error:  # what Optuna raises about studies it cannot draw
            parts.append(f'<p class="note">Cannot be drawn: {html.escape(str(error))}</p>')
            continue
        parts.append(figure.to_html(full_html=False, include_plotlyjs=not plotly_js_is_in))
        plotly_js_is_in = True
    body = "\n".join(parts)
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{name}</title>'
        f"<style>{_STYLE}</style></head><body>\n{body}\n</body></html>\n"
    )


def _figures(study: optuna.Study) -> list[tuple[str, Callable[[optuna.Study], Figure]]]:
    if not study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)):
        return []
    if len(study.directions) > 1:
        return [
            ("Pareto front", visualization.plot_pareto_front),
            *((f"Parallel coordinates, objective {i}", _of_objective(i)) for i in range(len(study.directions))),
        ]
    return [
        ("Optimization history", visualization.plot_optimization_history),
        ("Parallel coordinates", visualization.plot_parallel_coordinate),
        ("Slices", visualization.plot_slice),
        ("Parameter importances", _importances),
    ]


def _of_objective(index: int) -> Callable[[optuna.Study], Figure]:
    def draw(study: optuna.Study) -> Figure:
        return visualization.plot_parallel_coordinate(
            study, target=lambda trial: trial.values[index], target_name=f"objective {index}"
        )

    return draw


def _importances(study: optuna.Study) -> Figure:
    values = {trial.value for trial in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))}
    if len(values) < 2:
        raise ValueError("importances need at least two completed trials with different values.")
    # Optuna's default, PED-ANOVA, asks what sets the best tenth apart, which is one trial of a study of ten: it gave
    # 94 % to the learning rate in a study whose results were those of the image size alone.
    return visualization.plot_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))


def _headline(study: optuna.Study) -> str:
    trials = study.get_trials(deepcopy=False)
    counts = (f"{sum(trial.state == state for trial in trials)} {state.name.lower()}" for state in TrialState)
    headline = f"{len(trials)} trials: {', '.join(count for count in counts if not count.startswith('0 ')) or 'none'}."
    return headline if _figures(study) else f"{headline} No trial has completed: there is nothing to draw."
