"""A loaded model behind HTTP: MLflow's own scoring server, with a page to try it and figures for Prometheus."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    import pandas as pd

_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_CONFIDENCES = tuple(tenth / 10 for tenth in range(1, 10))
_SCORED = "/invocations"


@dataclass(frozen=True)
class Served:
    """Which model answers.

    Attributes:
        name: Of the registered model.
        version: Its number.
        alias: By which it was chosen.
        backend: What runs it.
    """

    name: str
    version: int
    alias: str
    backend: str


def application(model: Any, served: Served, page: str) -> FastAPI:
    """MLflow's scoring server for a model, and what it lacks.

    MLflow answers `/invocations`, `/ping`, `/health` and `/version`; added are `/`, the page, and `/metrics`.

    Args:
        model: As `mlflow.pyfunc.load_model` gives it.
        served: What `/metrics` says about which model it is.
        page: The HTML of `/`.
    """
    from mlflow.pyfunc.scoring_server import init

    figures = _Figures(served)
    app: FastAPI = init(_Counted(model, figures))

    @app.middleware("http")
    async def measure(request: Request, answer: Callable[[Request], Awaitable[Response]]) -> Response:
        if request.url.path != _SCORED:
            return await answer(request)
        started = time.perf_counter()
        response = await answer(request)
        figures.seconds.observe(time.perf_counter() - started)
        figures.requests.labels(str(response.status_code)).inc()
        return response

    @app.get("/", response_class=HTMLResponse)
    async def index() -> str:
        return page

    @app.get("/metrics")
    async def metrics() -> Response:
        return Response(generate_latest(figures.registry), media_type=CONTENT_TYPE_LATEST)

    return app


class _Figures:
    """What Prometheus is told."""

    def __init__(self, served: Served) -> None:
        self.registry = CollectorRegistry()
        which = Gauge("detector_info", "The model that answers.", list(vars(served)), registry=self.registry)
        which.labels(**{name: str(value) for name, value in vars(served).items()}).set(1)
        self.requests = Counter("detector_requests", "Requests, by HTTP status.", ["status"], registry=self.registry)
        self.seconds = Histogram(
            "detector_request_seconds", "Time to an answer.", buckets=_SECONDS, registry=self.registry
        )
        self.images = Counter("detector_images", "Images looked at.", registry=self.registry)
        self.empty = Counter("detector_images_without_boxes", "Those without a box.", registry=self.registry)
        self.confidence = Histogram(
            "detector_confidence", "Confidence of boxes.", ["class"], buckets=_CONFIDENCES, registry=self.registry
        )


class _Counted:
    """A model that counts what it looks at and finds; else as MLflow's server uses it."""

    def __init__(self, model: Any, figures: _Figures) -> None:
        self._model = model
        self._figures = figures
        self.metadata = model.metadata

    def predict(self, data: Any, params: Any = None) -> "pd.DataFrame":
        found: pd.DataFrame = self._model.predict(data, params=params)
        images = _number_of_images(data)
        self._figures.images.inc(images)
        self._figures.empty.inc(images - found["image"].nunique())
        for name, confidence in zip(found["class"], found["confidence"], strict=True):
            self._figures.confidence.labels(name).observe(confidence)
        return found


def _number_of_images(data: Any) -> int:
    """Of a table, or of what MLflow makes of `inputs` and `instances`: a mapping of one column, a list or an array."""
    rows = next(iter(data.values()), ()) if isinstance(data, Mapping) else data
    return 1 if np.ndim(rows) == 0 else len(rows)
