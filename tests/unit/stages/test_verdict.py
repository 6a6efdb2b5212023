"""The end of a study says whether the best trial is better than not training, and how sure that is."""

import io

import numpy as np
import optuna
import pytest
from rich.console import Console

from src.evaluation.records import DetectionRecords
from src.stages.verdict import Verdict, verdict


def records(found: list[bool]) -> DetectionRecords:
    """One image each with one person, found or missed, and one false alarm below every hit."""
    count = len(found)
    hits = np.array(found)
    return DetectionRecords(
        image_index=np.concatenate([np.arange(count)[hits], np.arange(count)]),
        class_index=np.zeros(int(hits.sum()) + count, dtype=int),
        scores=np.concatenate([np.full(int(hits.sum()), 0.9), np.full(count, 0.1)]),
        true_positive=np.concatenate([np.ones((int(hits.sum()), 10), bool), np.zeros((count, 10), bool)]),
        positives=np.ones((count, 1), dtype=int),
    )


@pytest.fixture
def study_of(tmp_path):
    """Make a study of one completed trial whose model and baseline found these people."""

    def make(trained: list[bool], untrained: list[bool], **attributes) -> optuna.Study:
        for name, found in (("trained", trained), ("untrained", untrained)):
            records(found).save(tmp_path / f"{name}.npz")
        study = optuna.create_study(direction="maximize")
        trial = study.ask({"train.imgsz": optuna.distributions.CategoricalDistribution([320])})
        figures = {
            "metrics": {"val/mAP50": float(np.mean(trained)), "val/mAP50-95": float(np.mean(trained))},
            "untrained": {"val/mAP50": float(np.mean(untrained)), "val/mAP50-95": float(np.mean(untrained))},
            "records": str(tmp_path / "trained.npz"),
            "baseline_records": str(tmp_path / "untrained.npz"),
        }
        for key, value in (figures | attributes).items():
            trial.set_user_attr(key, value)
        study.tell(trial, figures["metrics"]["val/mAP50-95"])
        return study

    return make


def test_a_difference_of_one_box_is_not_called_progress(study_of):
    text = "\n".join(verdict(study_of([True] * 8 + [False] * 2, [True] * 7 + [False] * 3)))
    assert "not to be told apart" in text
    assert "0 of 1 trials are worse" in text


def test_a_clear_gain_is_called_better(study_of):
    assert "better" in "\n".join(verdict(study_of([True] * 10, [False] * 10)))


def test_a_model_worse_than_its_starting_weights_is_called_so(study_of):
    text = "\n".join(verdict(study_of([False] * 10, [True] * 10)))
    assert "WORSE than not training" in text
    assert "1 of 1 trials are worse" in text


def test_the_untrained_figures_are_given_for_each_image_size(study_of):
    assert "0.700 / 0.700 at imgsz 320" in "\n".join(verdict(study_of([True] * 10, [True] * 7 + [False] * 3)))


def test_missing_records_are_said_and_not_hidden(study_of):
    text = "\n".join(verdict(study_of([True], [True], records="nowhere.npz")))
    assert "cannot be compared" in text


def test_flags_are_explained_once_with_their_count(study_of):
    study = study_of([True], [True], flags=["few_steps"], flag_messages=["Only 3 steps."])
    assert "Flag few_steps (1×), e.g.: Only 3 steps." in verdict(study)


def test_without_a_baseline_it_says_that_nothing_is_known(study_of):
    study = optuna.create_study(direction="maximize")
    study.add_trial(optuna.trial.create_trial(value=0.5))
    assert "nothing says that training helped" in verdict(study)[0]


def test_a_study_without_results_says_nothing():
    assert verdict(optuna.create_study()) == []


def test_the_command_for_the_comparison_is_printed_on_one_line(study_of):
    out = io.StringIO()
    study = study_of([True], [True])
    study.set_user_attr("mlflow_run_id", "1")
    study.set_user_attr("mlflow_comparison_url", "http://localhost:5000/#/experiments/1")
    Verdict("sqlite:///mlflow.db", Console(file=out, width=40)).on_sweep_end(study)
    assert "mlflow ui --backend-store-uri sqlite:///mlflow.db\n" in out.getvalue()
    assert "http://localhost:5000/#/experiments/1\n" in out.getvalue()


def test_a_study_that_was_not_tracked_has_nothing_to_compare(study_of):
    out = io.StringIO()
    Verdict("sqlite:///mlflow.db", Console(file=out)).on_sweep_end(study_of([True], [True]))
    assert "mlflow" not in out.getvalue()
