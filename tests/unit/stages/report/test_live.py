"""The page that follows a search: what it shows while trials run, and when it is written anew."""

import asyncio
import re
from collections.abc import Callable

import httpx
import optuna
import pytest

from src.stages.report.live import LiveReport, application
from src.stages.report.stage import report

Get = Callable[..., httpx.Response]


@pytest.fixture
def written() -> list[int]:
    """How many trials had ended each time the report was written."""
    return []


@pytest.fixture
def get(made, tmp_path, written) -> Get:
    """Answers of the server to GET, without a socket."""

    def analyse(study):
        written.append(sum(trial.is_finished for trial in study.trials))
        return report(study, tmp_path / "report")

    app = application(LiveReport(lambda: made.view, analyse))

    async def answer(path: str, **headers: str) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1") as client:
            return await client.get(path, headers=headers)

    return lambda path, **headers: asyncio.run(answer(path, **headers))


def begin(study: optuna.Study, steps: int, *values: float) -> optuna.Trial:
    trial = study.ask()
    trial.suggest_float("train.lr0", 0.0012345, 0.0012345)
    trial.set_user_attr("steps", steps)
    for step, value in enumerate(values, start=1):
        trial.report(value, step)
    return trial


def test_it_is_there_before_the_first_trial_has_ended(made, get):
    page = get("/").text
    assert "people" in page
    assert 'fetch("running")' in page
    assert "No trial yet." in get("/running").text


def test_each_running_trial_has_a_row(made, get):
    made.trial(0.5)
    begin(made.study, 8, 0.25, 0.3125)
    shown = re.sub(r"<[^>]*>|\s+", " ", get("/running").text)
    assert "1 complete, 1 running." in shown
    assert "1 2 of 8 0.3125" in re.sub(r"\s+", " ", shown)
    assert "train.lr0=0.001234" in shown


def test_the_report_is_written_anew_when_a_trial_has_ended_and_only_then(made, get, written):
    made.trial(0.5)
    trial = begin(made.study, 8, 0.25)
    assert get("/").text == get("/").text
    finished = get("/running").headers["X-Finished-Trials"]
    trial.report(0.3, 2)
    assert get("/running").headers["X-Finished-Trials"] == finished == "1"
    made.trial(0.75)
    assert get("/running").headers["X-Finished-Trials"] == "2"
    get("/")
    assert written == [1, 2]


def test_a_page_elsewhere_cannot_read_it_by_a_name_that_points_here(get):
    assert get("/", host="elsewhere.example").status_code == 400
