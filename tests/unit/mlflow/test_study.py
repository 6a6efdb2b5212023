"""The study's callback, with a store in memory and real Optuna studies."""

import contextlib

import optuna
import pytest
from optuna.trial import TrialState

from src.core.errors import ConfigError
from src.mlflow.options import TrackingOptions
from src.mlflow.runs import RunStatus, open_run
from src.mlflow.study import StudyRun

pytestmark = pytest.mark.usefixtures("courier")
optuna.logging.set_verbosity(optuna.logging.ERROR)


@pytest.fixture
def study():
    study = optuna.create_study(
        study_name="people", direction="maximize", sampler=optuna.samplers.RandomSampler(seed=1)
    )
    study._storage.set_study_system_attr(study._study_id, "study:metric_names", ["val/mAP50"])  # as the sweeper does
    return study


def run_trials(study, callback, options, values, weights=None):
    """Tells a trial for every value; None prunes."""
    for value in values:
        trial = study.ask()
        trial.suggest_float("train.lr0", 1e-4, 1e-1, log=True)
        trial.suggest_categorical("train.optimizer", ["SGD", "AdamW"])
        run = open_run(options, name=f"trial-{trial.number}", parent_run_id=study.user_attrs["mlflow_run_id"])
        run.end(RunStatus.KILLED if value is None else RunStatus.FINISHED)
        trial.set_user_attr("mlflow_run_id", run.id)
        if weights:
            trial.set_user_attr("weights", str(weights))
        study.tell(trial, value, state=TrialState.PRUNED if value is None else None)
        callback(study, study.get_trials()[trial.number])


def test_a_study_is_a_run_with_its_trials_below(courier, store, options, study, tmp_path):
    """The run has tags, progress by trial and a view; the best trial has its weights."""
    weights = tmp_path / "best.pt"
    weights.write_text("w")
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    run_trials(study, callback, options, [0.2, None, 0.5, 0.4], weights)
    callback.on_sweep_end(study)
    courier.round()

    run = store.run_named("people")
    assert run.status == "FINISHED"
    assert run.tags["study.sampler"] == "RandomSampler"
    assert (run.tags["trials.complete"], run.tags["trials.pruned"]) == ("3", "1")
    assert (run.tags["best.trial"], run.tags["best.value"]) == ("2", "0.5")
    assert run.tags["best.run_id"] == study.trials[2].user_attrs["mlflow_run_id"]
    best_so_far = {metric.step: metric.value for metric in run.metrics if metric.name == "best so far"}
    assert best_so_far == {0: 0.2, 2: 0.5, 3: 0.5}
    assert len(store.views) == 1
    assert study.user_attrs["mlflow_run_id"] == "id-0"
    assert study.user_attrs["mlflow_comparison_url"].startswith("http://127.0.0.1:5000/#/experiments/7/runs?")
    assert store.run_named("trial-2").files["weights/best.pt"] == b"w"
    assert "weights/best.pt" not in store.run_named("trial-3").files


@pytest.mark.parametrize(
    ("exception", "status"), [(KeyboardInterrupt, "KILLED"), (SystemExit, "KILLED"), (RuntimeError, "FAILED")]
)
def test_the_run_ends_as_the_sweep_does(store, options, study, exception, status):
    """Ctrl-C kills the study's run, an error fails it, and the summary is there nevertheless."""
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    run_trials(study, callback, options, [0.1])
    with contextlib.suppress(exception), contextlib.ExitStack() as sweep:
        sweep.callback(callback.on_sweep_end, study)
        raise exception
    assert store.run_named("people").status == status
    assert store.run_named("people").tags["best.trial"] == "0"


def test_the_runs_of_trials_end_as_the_study_says(courier, store, options, study):
    """One was killed in mid-training, one finished after its worker was taken for dead; both were run again."""
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    for reason, status in (("killed by SIGKILL", None), ("its worker died", RunStatus.FINISHED), ("interrupted", None)):
        trial = study.ask()
        run = open_run(options, name=f"trial-{trial.number}", parent_run_id=study.user_attrs["mlflow_run_id"])
        trial.set_user_attr("mlflow_run_id", run.id)
        trial.set_user_attr("fail_reason", reason)
        if status is not None:
            run.end(status)
        study.tell(trial, state=TrialState.FAIL)
    study.add_trial(optuna.trial.create_trial(state=TrialState.WAITING, user_attrs={"retry_of": 1}))
    callback.on_sweep_end(study)
    courier.round()
    runs = [store.run_named(f"trial-{number}") for number in range(3)]
    assert [run.status for run in runs] == ["FAILED", "FAILED", "KILLED"]
    assert [run.tags["reason"] for run in runs] == ["killed by SIGKILL", "its worker died", "interrupted"]
    assert [run.tags.get("repeated by trial") for run in runs] == [None, "3", None]


def test_a_study_gone_on_with_keeps_its_run(courier, store, options, study):
    """A second sweep of a study continues the run, which is running meanwhile."""
    for values in ([0.1], [0.3]):
        callback = StudyRun(options)
        callback.on_sweep_start(study)
        courier.round()
        assert store.run_named("people").status == "RUNNING"
        run_trials(study, callback, options, values)
        callback.on_sweep_end(study)
    assert store.run_named("people").status == "FINISHED"
    assert store.run_named("people").tags["best.trial"] == "1"


def test_the_run_is_named_before_the_store_has_answered(options, study, monkeypatch):
    """Trials can be opened under the study's run at once, however long the store takes."""
    monkeypatch.setattr("src.mlflow.courier.process.ensure_running", lambda _: None)
    StudyRun(options).on_sweep_start(study)
    assert study.user_attrs["mlflow_run_id"].startswith("pending-")


def test_workers_replace_the_provisional_id(store, options, study):
    """As soon as a worker can know the store's id, the study has it."""
    controller, worker = StudyRun(options), StudyRun(options)
    controller.on_sweep_start(study)
    study.set_user_attr("mlflow_run_id", controller._run._writer.key)
    run_trials(study, worker, options, [0.1])
    assert study.user_attrs["mlflow_run_id"] == "id-0"


def test_recording_a_trial_twice_gives_the_same_point(store, options, study):
    """A repeated call has the same value, step and time, which the store keeps once."""
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    run_trials(study, callback, options, [0.1])
    callback(study, study.trials[0])
    points = [metric for metric in store.run_named("people").metrics if metric.name == "best so far"]
    assert len(points) == 2
    assert points[0] == points[1]


def test_several_objectives_have_a_front(store, options):
    """Of several objectives the summary names the trials of the Pareto front."""
    study = optuna.create_study(study_name="front", directions=["maximize", "minimize"])
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    for values in ([0.5, 3.0], [0.6, 4.0], [0.4, 5.0]):
        trial = study.ask()
        trial.suggest_float("x", 0, 1)
        study.tell(trial, values)
        callback(study, study.trials[-1])
    callback.on_sweep_end(study)
    assert set(store.run_named("front").tags["best.trials"].split(", ")) == {"0", "1"}
    assert {metric.name for metric in store.run_named("front").metrics} == {"value 0", "value 1"}


def test_a_study_without_a_completed_trial_has_a_summary_too(store, options, study):
    """Nothing completed is no error."""
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    callback.on_sweep_end(study)
    assert store.run_named("people").status == "FINISHED"
    assert "best.trial" not in store.run_named("people").tags


def test_a_failure_in_the_summary_still_ends_the_run(store, options, study, monkeypatch, caplog):
    """What goes wrong in tracking is a warning, not the end of the sweep."""

    def fail(study):
        raise RuntimeError("broken")

    monkeypatch.setattr("src.mlflow.study.study_run.summary", fail)
    callback = StudyRun(options)
    callback.on_sweep_start(study)
    callback.on_sweep_end(study)
    assert store.run_named("people").status == "FINISHED"
    assert "could not write the study's summary" in caplog.text


def test_without_tracking_nothing_happens(study):
    """With `tracking=none` the study keeps no attribute and nothing is written."""
    callback = StudyRun(TrackingOptions(kind="none"))
    callback.on_sweep_start(study)
    callback.on_sweep_end(study)
    assert study.user_attrs == {}


def test_an_address_with_a_password_is_not_kept_in_the_study(options, study):
    """The study's storage may be read by more people than the tracking server."""
    options.uri = "http://me:secret@server"
    options.artifacts = ""
    StudyRun(options).on_sweep_start(study)
    assert "mlflow_tracking_uri" not in study.user_attrs


def test_options_of_another_type_are_refused():
    """The message says how to write it in a Hydra configuration."""
    with pytest.raises(ConfigError, match="_convert_: object"):
        StudyRun({"kind": "mlflow"})
