"""The report about a study: analysed, written, and put beside the study's run in MLflow."""

from pathlib import Path

from optuna_search import StudyView

from src.core.files import write_text
from src.render.study import as_html
from src.render.table import as_csv
from src.study.analysis import Analysis, analyse
from src.study.comparison import Scatter
from src.study.effects import SMALLEST_EFFECT
from src.study.pages.files import runs_table, settings_table
from src.study.pages.study_page import page

PAGE, RUNS, SETTINGS = "report.html", "runs_analysis.csv", "settings.csv"
FOLDER = "report"  # in a sweep's folder, and among the artifacts of the study's run


def report(
    study: StudyView, folder: Path, scatter: Scatter | None = None, smallest_effect: float = SMALLEST_EFFECT
) -> Analysis:
    """Analyse a study and write `report.html`, `runs_analysis.csv` and `settings.csv`.

    The arguments but for the folder are those of `src.study.analysis.analyse`.

    Side effects: writes into the folder, which is made if missing.
    """
    analysis = analyse(study, scatter, smallest_effect)
    write_text(folder / RUNS, as_csv(runs_table(analysis.study)))
    write_text(folder / SETTINGS, as_csv(settings_table(analysis)))
    write_text(folder / PAGE, as_html(page(analysis)))  # last: it says that all are there
    return analysis
