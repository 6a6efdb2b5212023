"""The page about runs beside each other."""

from collections.abc import Sequence
from datetime import UTC, datetime

from src.render.study import Plot, ReportPage, Section, Tabulated
from src.render.study_figures import run_curves
from src.render.table import Row, Table, Tone, numbers, texts
from src.study.clock import duration
from src.study.pages.runs_sentences import BETTER, WORSE, interval_of, remarks, significance, verdict
from src.study.pages.study_page import Part
from src.study.pages.tables import number
from src.study.run_comparison import ComparedRun, RunComparison

CURVES = 4  # metrics that are drawn
_FIRST = ("val/mAP50-95", "val/mAP50", "val/F1", "val/precision", "val/recall")
_SPLITS = ("val/", "test/")
_TONES = {BETTER: Tone.GOOD, WORSE: Tone.BAD}


def page(comparison: RunComparison) -> ReportPage:
    """The page's content."""
    sentence, tone = verdict(comparison)
    names = [run.name for run in comparison.runs]
    return ReportPage(
        kind="Comparison",
        title=" · ".join(names),
        verdict=sentence,
        tone=tone,
        summary=tuple(remarks(comparison)),
        sections=(
            Section("Runs", [Tabulated("Runs", f"The others are compared with {names[0]}.", runs_table(comparison))]),
            Section("Metrics", _metrics(comparison)),
            Section("Parameters", _params(comparison)),
            Section("Learning curves", _curves(comparison)),
        ),
        footer=f"Made by: python -m src.report compare {' '.join(run.run.run_id[:8] for run in comparison.runs)}",
    )


def runs_table(comparison: RunComparison) -> Table:
    """What the runs are."""
    rows = []
    for place, compared in enumerate(comparison.runs):
        run, tags = compared.run, compared.run.tags
        data = ", ".join(dict.fromkeys(name for name, _ in run.datasets))
        digest = tags.get("data.digest") or next((digest for _, digest in run.datasets), "")
        study = f"{tags['study']}, trial {tags.get('trial', '?')}" if "study" in tags else ""
        began = datetime.fromtimestamp(run.began_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
        cells = (compared.name, run.run_id[:8], run.status.lower(), study, data, digest[:12], tags.get("objective", ""))
        comparable = "" if not place else "no" if compared.obstacles else "yes"
        tone = Tone.BEST if not place else Tone.BAD if compared.obstacles else Tone.GOOD
        rows.append(Row((*cells, began, duration(run.duration_s), comparable), tone))
    columns = texts("run", "id", "status", "study", "data", "data digest", "objective", "began (UTC)")
    return Table((*columns, *numbers("time"), *texts("comparable")), tuple(rows))


def metrics_table(comparison: RunComparison, *, quality: bool = False) -> Table:
    """The final metrics, and the differences where they mean something.

    Args:
        comparison: The runs.
        quality: Those that say how good a model is; or all others.
    """
    compared = [run for run in comparison.runs[1:] if not run.obstacles]
    rows = []
    there = {name for run in comparison.runs for name in run.run.metrics}
    for name in _ordered({name for name in there if _is_quality(name) == quality}, comparison.objective):
        values = [run.run.metrics.get(name) for run in comparison.runs]
        differences = [_difference(run, name) for run in compared]
        rows.append(Row((name, *values, *differences), _tone(compared, name)))
    heads = (run.name for run in comparison.runs)
    against = (f"{run.name} - {comparison.runs[0].name}" for run in compared)
    return Table((*texts("metric"), *numbers(*heads, *against)), tuple(rows))


def params_table(comparison: RunComparison) -> Table:
    """The parameters in which the runs differ."""
    params = [run.run.params for run in comparison.runs]
    names = sorted({name for one in params for name in one})
    rows = (
        Row((name, *(_short(one.get(name)) for one in params)))
        for name in names
        if len({one.get(name) for one in params}) > 1
    )
    return Table((*texts("parameter"), *numbers(*(run.name for run in comparison.runs))), tuple(rows))


def _metrics(comparison: RunComparison) -> list[Part]:
    reading = (
        "Final values of the best weights. Brackets are 95 % intervals of the difference over resamples of the images"
        " that both were evaluated on; without brackets, whether a difference is noise is not known."
    )
    return [
        Tabulated("Metrics", reading, metrics_table(comparison, quality=True)),
        Tabulated("Other metrics", "Losses, costs, and the starting weights.", metrics_table(comparison), folded=True),
    ]


def _params(comparison: RunComparison) -> list[Part]:
    table = params_table(comparison)
    reading = "Only those that differ." if table.rows else "All parameters are the same."
    return [Tabulated("Parameters", reading, table)] if table.rows else []


def _curves(comparison: RunComparison) -> list[Part]:
    drawn = {name for run in comparison.runs for name, steps in run.run.histories.items() if len(steps) > 1}
    parts: list[Part] = []
    for name in _ordered(drawn, comparison.objective)[:CURVES]:
        curves = {run.name: run.run.histories[name] for run in comparison.runs if name in run.run.histories}
        parts.append(Plot(name, "After each epoch.", run_curves(curves, name)))
    return parts


def _is_quality(name: str) -> bool:
    return name.startswith(_SPLITS) and not name.endswith("_loss")


def _ordered(names: set[str], objective: str) -> list[str]:
    first = [name for name in (objective, *_FIRST) if name in names]
    return [*dict.fromkeys(first), *sorted(names - set(first))]


def _difference(run: ComparedRun, name: str) -> str:
    if (interval := interval_of(run, name)) is not None:
        return f"{interval:+.3f} {significance(interval)}"
    return f"{run.differences[name]:+.4g}" if run.differences and name in run.differences else ""


def _tone(compared: Sequence[ComparedRun], name: str) -> Tone:
    said = {significance(interval) for run in compared if (interval := interval_of(run, name)) is not None}
    return _TONES.get(said.pop(), Tone.UNSURE) if len(said) == 1 else Tone.NONE


def _short(text: str | None) -> str:
    if text is None:
        return "not set"
    try:
        return number(float(text))
    except ValueError:
        return text
