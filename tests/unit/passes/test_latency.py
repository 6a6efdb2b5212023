from pathlib import Path

import numpy as np
import pytest

from src.data.prepared import PreparedData
from src.detector.predict import PredictionRequest
from src.documents.latency import Backend
from src.passes import latency
from src.passes.latency import MOST_ROUNDS, ROUND, p95_ms
from tests.support.predictions import predictions

QUIET = np.full((ROUND, 3), 4.0)  # 12 ms an image


def disturbed(factor):
    """Some images take much longer."""
    made = np.full((ROUND, 3), 4.0)
    made[::8] *= factor
    made[::9] *= factor / 2
    return made


@pytest.fixture
def measure(monkeypatch, tmp_path):
    """The latency of rounds that are made up, and how many of them were run."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(latency, "ground_truth", lambda *_: predictions(0).truth)
    monkeypatch.setattr(latency, "read_image", lambda path: path)
    monkeypatch.setattr(latency, "export_onnx", lambda _, target: target.write_text("exported"))
    data = PreparedData("people", tmp_path, tmp_path / "data.yaml", "abc", ("person",), {}, "synthetic")

    def run(rounds, backend=Backend.PYTORCH):
        left = iter(rounds)
        monkeypatch.setattr(latency, "time_pytorch", lambda *_, **__: next(left))
        monkeypatch.setattr(latency, "time_onnx", lambda _, model, *__, **___: model.read_text() and next(left))
        value = p95_ms(PredictionRequest(("person",), 96, weights=Path("best.pt")), data, backend)
        return value, len(rounds) - len(list(left))

    return run


def test_a_quiet_round_is_enough(measure):
    assert measure([QUIET] * 9) == (pytest.approx(12.0), 1)


def test_the_export_is_what_is_timed_for_onnx(measure):
    assert measure([QUIET] * 9, Backend.ONNX) == (pytest.approx(12.0), 1)


def test_disturbed_rounds_are_repeated_and_the_quickest_counts(measure):
    value, rounds = measure([disturbed(9), disturbed(5), QUIET, disturbed(2)])
    assert (value, rounds) == (pytest.approx(12.0), 3)


def test_it_ends_where_no_round_is_quiet(measure):
    value, rounds = measure([disturbed(factor) for factor in (9, 8, 7, 6, 5, 4)])
    assert rounds == MOST_ROUNDS
    assert 12.0 < value < measure([disturbed(9)] * MOST_ROUNDS)[0]
