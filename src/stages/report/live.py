"""The report of a study in a page that follows the search, served on this machine alone."""

import socket
import threading
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI
from fastapi.responses import HTMLResponse
from optuna_search import StudyView
from starlette.middleware.trustedhost import TrustedHostMiddleware

from src.render.study import as_html, running_html
from src.study.analysis import Analysis
from src.study.pages.running import counts, running_table
from src.study.pages.study_page import page

HOST = "127.0.0.1"  # the page has no password
FINISHED = "X-Finished-Trials"  # tells the page that there is more to show than what runs


class LiveReport:
    """A study's report that is written anew when another trial has ended since it was asked for last."""

    def __init__(self, load: Callable[[], StudyView], analyse: Callable[[StudyView], Analysis]) -> None:
        """Make one.

        Args:
            load: Reads the study.
            analyse: Writes the report of a study and returns what it says.
        """
        self._load, self._analyse = load, analyse
        self._lock = threading.Lock()
        self._finished = -1
        self._page = ""

    def page(self) -> str:
        """The page, with what runs now.

        Side effects: writes the report where a trial has ended.
        """
        with self._lock:
            study = self._load()
            if (finished := _finished(study)) != self._finished:
                self._page, self._finished = as_html(page(self._analyse(study), live=True)), finished
            return self._page

    def running(self) -> tuple[str, int]:
        """What runs now, as a part of the page, and how many trials have ended."""
        study = self._load()
        return running_html(counts(study), running_table(study)), _finished(study)


def application(live: LiveReport) -> FastAPI:
    """`/` is the page, `/running` the part of it that the page asks for every two seconds."""
    app = FastAPI(openapi_url=None)
    # a name that somebody else has made point to this machine must not read the page
    app.add_middleware(TrustedHostMiddleware, allowed_hosts=[HOST, "localhost"])

    @app.get("/", response_class=HTMLResponse)
    def index() -> str:
        return live.page()

    @app.get("/running", response_class=HTMLResponse)
    def running() -> HTMLResponse:
        part, finished = live.running()
        return HTMLResponse(part, headers={FINISHED: str(finished)})

    return app


def serve(live: LiveReport, listener: socket.socket) -> None:
    """Answer until Ctrl-C or SIGTERM."""
    uvicorn.Server(uvicorn.Config(application(live), log_level="warning")).run(sockets=[listener])


def _finished(study: StudyView) -> int:
    return sum(trial.is_finished for trial in study.trials)
