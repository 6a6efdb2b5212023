"""The project from Python: what its commands do, as functions. docs/guides/python.md

`src`, where the code is, keeps its name for those who work in the repository (ADR 13).
"""

from pathlib import Path

import src

if Path(src.__file__ or "").parent.parent != Path(__file__).parent.parent:
    raise ImportError(
        f"Another package 'src' ({src.__file__ or list(src.__path__)}) is found before that of detection_search. Start"
        " Python in another folder, or rename that package."
    )

from detection_search.api import decide, freeze, load_study, report, search

__all__ = ["decide", "freeze", "load_study", "report", "search"]
