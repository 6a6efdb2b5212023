import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.mlflow.runs.values import metric_values, name_text, param_texts, tag_texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1.1834587e-05, "0.000011834587"),
        (0.01, "0.01"),
        (0.0, "0.0"),
        (-2.5, "-2.5"),
        (320, "320"),
        (True, "true"),
        (None, "null"),
        ("SGD", "SGD"),
    ],
)
def test_parameters_are_written_as_the_ui_reads_them(value, text):
    """Numbers in plain decimals, which the UI's columns do not cut off before an exponent; words as in YAML."""
    assert param_texts({"name": value}) == {"name": text}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_no_digit_of_a_number_is_lost(value):
    """The text of a parameter gives the number back exactly."""
    assert float(param_texts({"name": value})["name"]) == value


def test_texts_that_are_too_long_are_cut_with_a_warning(caplog):
    """MLflow takes 6000 characters of a parameter and 8000 of a tag."""
    assert len(param_texts({"long": "x" * 6001})["long"]) == 6000
    assert len(tag_texts({"long": "x" * 8001})["long"]) == 8000
    assert "parameter 'long' has 6001 characters" in caplog.text
    assert "tag 'long' has 8001 characters" in caplog.text


def test_infinity_is_recorded_as_not_a_number():
    """MLflow would store 1.8e308, which flattens the chart."""
    values = metric_values({"a": math.inf, "b": -math.inf, "c": math.nan, "d": 1})
    assert values["d"] == 1.0
    assert all(math.isnan(values[name]) for name in "abc")


@pytest.mark.parametrize(
    ("name", "text"),
    [("val/mAP50-95", "val/mAP50-95"), ("metrics/mAP50(B)", "metrics/mAP50_B_"), ("+model@pkg", "_model_pkg")],
)
def test_names_that_mlflow_refuses_are_changed(name, text):
    """Characters that MLflow does not take become underscores; the project's own names stay as they are."""
    assert name_text(name) == text
