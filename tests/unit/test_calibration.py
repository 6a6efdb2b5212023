"""What is stated is right about as often as it is said to be: the quick part of benchmarks/calibration.py.

The seeds are fixed and the bounds wide: 200 data sets know a share of 0.95 to 0.015. What this holds is that no change
takes the statements back to where a "95 %" interval held in 57 to 90 of 100 cases.
"""

import numpy as np
import pytest

from benchmarks.calibrating import gates, pairs, seeds, single, thresholds
from benchmarks.calibrating.populations import synthetic
from src.core.jackknife import jackknife_weights, std_error
from src.evaluation.headline import headline_samples

IMAGES, REPETITIONS = 12, 200


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    """What was stated before is not looked at here."""
    for module in (single, pairs):
        monkeypatch.setattr(module, "RESAMPLES", 10)
    monkeypatch.setattr(pairs, "EXCHANGES", 200)
    monkeypatch.setattr(thresholds, "RESAMPLES", 50)


@pytest.fixture(scope="module")
def medium():
    return synthetic("medium", images=4000, gap=0.5)


@pytest.fixture(scope="module")
def good():
    return synthetic("good", images=4000)


def found(rows, population, repetitions=REPETITIONS):
    return [row for row in rows(population, IMAGES, repetitions, np.random.default_rng(0)) if row.method == single.NEW]


@pytest.mark.parametrize("name", ["medium", "good"])
def test_intervals_of_figures_hold_the_truth_and_have_a_width(name, request):
    rows = found(single.rows, request.getfixturevalue(name))
    assert {row.statement for row in rows} == set(single.HEADLINES)
    for row in rows:
        assert row.actual >= 0.91
        assert row.above <= 0.07
        assert row.note == ""
        assert row.width < 0.45


def test_the_error_of_many_images_is_that_of_other_data_sets(medium):
    """Read at 101 recall points it was 0.012, and 0.004 at times: one of them comes or goes with an image."""
    errors = []
    for seed in range(3):
        [records] = medium.draw(1000, np.random.default_rng(seed), models=1)
        weights = jackknife_weights(records.image_count)
        errors.append(std_error(headline_samples(records, weights, 0.25, left_out=True)["mAP50"]))
    assert errors == pytest.approx([0.008] * 3, abs=0.0015)


def test_two_models_differ_where_they_do_and_not_where_they_do_not(medium):
    for row in found(pairs.rows, medium, 100):
        assert row.actual >= 0.89
        if "no difference" in row.statement:
            assert max(row.above, row.below) <= 0.06


def test_gates_are_passed_and_a_model_is_rejected_seldom_by_luck(medium, monkeypatch):
    monkeypatch.setattr(gates, "MARGINS", (0.1,))
    monkeypatch.setattr(gates, "MOST_IMAGES", 200)
    rows = {row.statement: row.actual for row in found(gates.rows, medium, 100)}
    assert rows["five gates, truth at all limits: rejected"] <= 0.08
    assert max(share for statement, share in rows.items() if statement.endswith("passed")) <= 0.07


def test_a_floor_is_kept_in_truth_and_val_does_not_flatter(medium):
    rows = {row.statement: row for row in found(thresholds.rows, medium, 100)}
    for statement, row in rows.items():
        if statement.startswith("broken in truth"):
            assert row.actual <= 0.08
    assert rows["val F1 minus truth"].actual <= 0.01


def test_the_gain_of_the_best_of_settings_that_are_worth_differently_holds_the_truth():
    for row in seeds.unequal(25, np.random.default_rng(0)):
        if row.statement.startswith("best"):
            assert row.actual == 0
        else:
            assert row.actual >= 0.92
