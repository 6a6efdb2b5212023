"""What follows from runs beside each other, in sentences: the same ones in the terminal and on the page."""

from src.core.interval import Interval
from src.render.table import Tone
from src.study.run_comparison import ComparedRun, RunComparison

BETTER, WORSE, SAME = "better", "worse", "no significant difference"


def verdict(comparison: RunComparison) -> tuple[str, Tone]:
    """The most important sentence, and its tone."""
    others = comparison.runs[1:]
    barred = [run for run in others if run.obstacles]
    if len(barred) == len(others):
        what = "These runs are not comparable" if len(others) > 1 else "The two runs are not comparable"
        return f"{what}: no difference is computed.", Tone.BAD
    sentences = [_judged(run, comparison) for run in others if not run.obstacles]
    if barred:
        sentences.append(f"Not comparable: {', '.join(run.name for run in barred)}.")
    return " ".join(sentences), Tone.UNSURE


def remarks(comparison: RunComparison) -> list[str]:
    """What else there is to say."""
    lines = [f"{run.name} is not comparable: {reason}." for run in comparison.runs[1:] for reason in run.obstacles]
    if any(run.intervals for run in comparison.runs):
        lines.append(
            "95 % intervals over the images of val. They do not know what another seed would have done:"
            " compare settings by several runs of each (python -m src.report study=…, python -m src.confirm)."
        )
    return [*lines, *comparison.doubts]


def interval_of(run: ComparedRun, name: str) -> Interval | None:
    """The interval of a metric's difference to the first run."""
    return (run.intervals or {}).get(name)


def significance(difference: Interval) -> str:
    """What an interval of a difference says, where more is better."""
    if not difference.excludes_zero:
        return SAME
    return BETTER if difference.estimate > 0 else WORSE


def _judged(run: ComparedRun, comparison: RunComparison) -> str:
    first, name = comparison.runs[0].name, comparison.objective
    shown = name if interval_of(run, name) is not None else next(iter(run.intervals or {}), name)
    interval = interval_of(run, shown)
    if interval is not None:
        if not interval.excludes_zero:
            return f"There is {SAME} between {run.name} and {first} in {shown}: {interval:+.3f}."
        return f"{run.name} is {significance(interval)} than {first} in {shown}: {interval:+.3f}."
    if run.differences and name in run.differences:
        return f"{run.name} minus {first} in {name}: {run.differences[name]:+.4f}; whether that is noise is not known."
    return f"{run.name} and {first} have metrics in common, but not their objective."
