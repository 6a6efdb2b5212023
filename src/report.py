"""`python -m src.report study=NAME`: what a search found; `… compare RUN RUN …`: runs beside each other."""

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import hydra
from omegaconf import DictConfig

from src.config import app
from src.config.sections import arguments, section
from src.core.errors import ConfigError
from src.core.terminal import standard_output
from src.mlflow.options import TrackingOptions
from src.study.effects import SMALLEST_EFFECT

if TYPE_CHECKING:
    from optuna_search import StudyView

    from src.study.analysis import Analysis

COMPARE = "compare"
_OVERRIDE = re.compile(r"-|[+~]{0,2}[\w./@:-]+=")  # or an option; `trial 3 train.seed=1` is the name of a run


@dataclass
class ReportArguments:
    """The arguments of the command.

    Attributes:
        study: The name of a study.
        compare: Runs to compare instead: ids, beginnings of ids, or names.
        scatter: How far runs of one setting lie from each other, as a standard deviation over seeds of the objective,
            or the name of a study that says it; for a study none of whose settings was repeated.
        smallest_effect: The smallest effect of a parameter on the objective that matters in practice.
        folder: Where to write; None for a folder of `outputs/` that is named after the study or the runs.
        live: Serve the study's page and follow the search, until Ctrl-C.
        port: Of that page; 0 takes a free one.

    Raises:
        ConfigError: neither a study nor two runs are named, or both are.
    """

    study: str | None = None
    compare: list[str] = field(default_factory=list)
    scatter: str | None = None
    smallest_effect: float = SMALLEST_EFFECT
    folder: str | None = None
    live: bool = False
    port: int = 0

    def __post_init__(self) -> None:
        if self.study is None and not self.compare:
            raise ConfigError("Say what to report: study=NAME, or `python -m src.report compare RUN RUN …`.")
        if self.study is not None and self.compare:
            raise ConfigError(f"study={self.study} and the runs {', '.join(self.compare)}: report one or the other.")
        if len(self.compare) == 1:
            raise ConfigError(f"compare {self.compare[0]}: there is nothing to compare it with; name another run.")
        if self.live and self.study is None:
            raise ConfigError("live=true follows a study: python -m src.report study=NAME live=true.")
        if not self.smallest_effect > 0:
            raise ConfigError(f"smallest_effect={self.smallest_effect}: expected a number above 0, such as 0.01.")


@hydra.main(**app.root_with_arguments("report"))
def main(cfg: DictConfig) -> None:
    """Write the page and the tables, and print the short form."""
    with app.readable_errors():
        asked = arguments(cfg, ReportArguments)
        if asked.compare:
            _compare(cfg, asked)
        else:
            _study(asked)


def _study(asked: ReportArguments) -> None:
    from hydra.core.hydra_config import HydraConfig

    from src.stages.report.show import show
    from src.stages.report.stage import report
    from src.study.finished import load_study
    from src.study.known_scatter import known_scatter

    storage = HydraConfig.get().sweeper.storage
    study = load_study(storage, str(asked.study))
    scatter = None if asked.scatter is None else known_scatter(asked.scatter, study, storage)
    folder = Path(asked.folder or Path("outputs") / "report" / study.name)

    def analyse(study: "StudyView") -> "Analysis":
        return report(study, folder, scatter, asked.smallest_effect)

    if asked.live:
        _follow(lambda: load_study(storage, study.name), analyse, asked.port)
    else:
        show(analyse(study), folder, standard_output())


def _follow(load: "Callable[[], StudyView]", analyse: "Callable[[StudyView], Analysis]", port: int) -> None:
    from src.core.listening import listening, url_of
    from src.render import terminal
    from src.stages.report.live import HOST, LiveReport, serve  # a server takes time to import

    with listening(HOST, port) as listener:
        terminal.say([f"The report follows the search at {url_of(listener, HOST)}/ until Ctrl-C."], standard_output())
        serve(LiveReport(load, analyse), listener)


def _compare(cfg: DictConfig, asked: ReportArguments) -> None:
    from src.stages.report.compare import compare_runs
    from src.stages.report.show import show_runs

    comparison, path = compare_runs(section(cfg, "tracking", TrackingOptions), asked.compare, asked.folder)
    show_runs(comparison, path, standard_output())


def as_overrides(given: Sequence[str]) -> list[str]:
    """`compare RUN RUN … [overrides]` as overrides that Hydra understands; anything else as it is."""
    if not given or given[0] != COMPARE:
        return list(given)
    runs = [argument for argument in given[1:] if not _OVERRIDE.match(argument)]
    rest = [argument for argument in given[1:] if _OVERRIDE.match(argument)]
    quoted = ",".join("'" + run.replace("\\", "\\\\").replace("'", "\\'") + "'" for run in runs)
    return [f"compare=[{quoted}]", *rest]


if __name__ == "__main__":
    sys.argv[1:] = as_overrides(sys.argv[1:])
    app.run(main)
