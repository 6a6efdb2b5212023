"""The figures of a study's page that Optuna draws, in the colours and the layout of the others."""

from collections.abc import Mapping, Sequence

import optuna

from src.render.study_figures import BLUE, ORANGE, Figure, calm, with_levels

SLICES_IN_ROW = 6


def history(study: optuna.Study, objective: int, name: str, untrained: Mapping[str, float]) -> Figure:
    """The trials' values in their order, and the best so far."""
    target = (lambda trial: trial.values[objective]) if len(study.directions) > 1 else None
    figure = optuna.visualization.plot_optimization_history(study, target=target, target_name=name)
    figure.update_traces(marker={"color": BLUE, "size": 8}, selector={"mode": "markers"})
    figure.update_traces(line={"color": ORANGE, "shape": "hv"}, selector={"mode": "lines"})
    figure.update_layout(xaxis_title="trial", yaxis_title=name)
    return with_levels(calm(figure, 380), untrained)


def parallel_coordinates(study: optuna.Study, name: str) -> Figure:
    """Each trial as a line through its parameters."""
    if len(study.directions) > 1:
        figure = optuna.visualization.plot_parallel_coordinate(study)
    else:
        figure = optuna.visualization.plot_parallel_coordinate(study, target_name=name)
    return calm(figure, 460, margin={"l": 60, "r": 60, "t": 40, "b": 60})


def slices(study: optuna.Study, objective: int, name: str) -> Figure:
    """The values over each parameter by itself."""
    target = (lambda trial: trial.values[objective]) if len(study.directions) > 1 else None
    figure = optuna.visualization.plot_slice(study, target=target, target_name=name)
    count = len({name for trial in study.get_trials(deepcopy=False) for name in trial.params})
    width = 200 * count if count > SLICES_IN_ROW else None
    figure.for_each_xaxis(lambda axis: axis.update(dtick=1, exponentformat="e") if axis.type == "log" else None)
    return calm(figure, 380, width=width)


def pareto_front(study: optuna.Study, names: Sequence[str]) -> Figure:
    """The trials in the plane, or space, of their objectives."""
    figure = optuna.visualization.plot_pareto_front(study, target_names=list(names))
    return calm(figure, 520)
