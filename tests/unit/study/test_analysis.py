"""What a report says about studies, the awkward ones included."""

import csv
import io
import math
from dataclasses import replace

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from src.documents.splits import DataSet
from src.render.study import Note, Plot, Tabulated, as_html
from src.render.table import as_csv
from src.stages.report.show import lines
from src.study.analysis import analyse
from src.study.comparison import Scatter
from src.study.effects import Verdict
from src.study.leaderboard import Standing
from src.study.pages.files import runs_table, settings_table
from src.study.pages.sentences import headline, remarks
from src.study.pages.study_page import page
from src.study.pages.tables import board_table
from tests.support import documents
from tests.unit.study.studies import SPACE, StudyMaker

optuna.logging.set_verbosity(optuna.logging.ERROR)


def plots(analysis):
    return [plot.title for plot in page(analysis).plots]


def sentences(analysis):
    return "\n".join([headline(analysis)[0], *remarks(analysis)])


def test_the_leader_board_says_who_does_not_differ_significantly_from_the_best(made):
    """One person more in forty is noise, twenty are not; of the two that compete, the quicker one is the cheapest."""
    for shares, seconds in (((0.95, 0.925), 120), ((0.925, 0.925), 40), ((0.4, 0.425), 10)):
        made.repeated(*shares, seconds=seconds)
    analysis = analyse(made.view)
    board = analysis.board
    assert [entry.standing for entry in board.entries] == [Standing.BEST, Standing.TIED, Standing.WORSE]
    assert board.cheapest.numbers == (1,)
    assert "No significant difference from the best: 1 setting of 2 (trial 1)" in sentences(analysis)
    assert "The cheapest of them is trial 1: 20 s a training instead of 1 min." in sentences(analysis)


def test_without_a_second_seed_no_setting_is_called_worse_and_it_says_what_is_missing(made):
    for share in (0.95, 0.2):
        made.trial(share, seconds=60)
    analysis = analyse(made.view)
    assert [entry.standing for entry in analysis.board.entries] == [Standing.BEST, Standing.UNKNOWN]
    assert "python -m src.confirm study=people top=2 'seeds=[1,2,3]'" in sentences(analysis)
    assert "(6 trainings, about 6 min at this study's speed)" in sentences(analysis)
    assert "worse" not in as_csv(settings_table(analysis))
    assert sentences(analysis).count("Not known") == 1


def test_a_scatter_that_is_known_from_elsewhere_stands_in_for_repeats(made):
    for share in (0.95, 0.2):
        made.trial(share)
    analysis = analyse(made.view, Scatter(0.01, math.inf))
    assert [entry.standing for entry in analysis.board.entries] == [Standing.BEST, Standing.WORSE]
    assert analysis.board.sources == ("images", "seeds")
    assert "Not known: which setting" not in sentences(analysis)


def test_the_corrected_gain_comes_first_and_the_luck_of_choosing_is_said(made):
    for number in range(8):
        made.repeated(0.5 + 0.025 * (number % 3), 0.525)
    analysis = analyse(made.view)
    board = analysis.board
    assert board.chosen > 0
    assert board.best.to_untrained.estimate == pytest.approx(board.best.setting.mean - 0.5 - board.chosen)
    assert f"The best of 8 equal settings would show {board.luck:+.3f} by luck" in sentences(analysis)


def test_the_best_is_compared_with_the_starting_weights(made):
    made.trial(1.0, untrained=0.1)
    assert headline(analyse(made.view))[1] == "good"


def test_an_objective_as_deployed_is_judged_by_the_detections_as_deployed(tmp_path):
    """Not by those of Ultralytics' validation, which lie beside them."""
    made = StudyMaker(tmp_path, objective="deployed/mAP50-95")
    for number, share in enumerate((0.9, 0.5)):
        made.trial(
            share,
            untrained=0.4,
            records="of-val.npz",
            baseline_records="of-val.npz",
            deployed_records=str(tmp_path / f"trained{number}-{share}.npz"),
            baseline_deployed_records=str(tmp_path / "untrained0-0.4.npz"),
        )
    analysis = analyse(made.view, Scatter(0.01, math.inf))
    assert analysis.board.sources == ("images", "seeds")
    assert headline(analysis)[0].startswith("The setting of trial 0 is better than the starting weights by +0.5")


def test_trials_that_break_constraints_are_counted_and_left_out(made):
    made.trial(0.5)
    for excess in (3.0, 1.0):
        made.trial(0.9, constraints={"latency_ms <= 30": excess, "model/gflops <= 9": -1.0})
    analysis = analyse(made.view)
    assert [entry.numbers for entry in analysis.board.entries] == [(0,)]
    assert "2 of 3 trials with a result break constraints and are left out: latency_ms <= 30 (2 trials)." in sentences(
        analysis
    )


def test_a_best_that_is_worse_than_not_training_is_called_so(made):
    made.trial(0.1, untrained=1.0)
    analysis = analyse(made.view)
    assert headline(analysis)[1] == "bad"
    assert "WORSE" in headline(analysis)[0]
    assert (
        "1 of 1 trials are worse in val/mAP50-95 than the weights they started from; 1 setting beyond chance."
        in sentences(analysis)
    )


def test_a_gain_of_one_box_is_not_called_progress(made):
    made.trial(0.525, untrained=0.5)
    assert headline(analyse(made.view))[1] == "unsure"


def test_without_a_baseline_it_says_that_nothing_is_known(made):
    made.trial(0.5, untrained=None)
    assert "the starting weights were not evaluated" in sentences(analyse(made.view))


def test_replicates_are_averaged_and_their_scatter_is_noise(made):
    """Each replicate's detections count, and the seeds' noise joins that of the images."""
    for shares in ((0.9, 0.8), (0.85, 0.8)):
        made.repeated(*shares)
    analysis = analyse(made.view)
    best = analysis.board.best
    assert best.setting.mean == pytest.approx(0.85)
    assert len(best.setting.trials) == 2
    assert analysis.board.sources == ("images", "seeds")
    assert best.setting.seconds == 30
    assert len(analysis.study.trials[0].records) == 2


def test_seeds_that_were_searched_are_one_setting(made):
    space = {"train.lr0": FloatDistribution(1e-4, 1e-1), "train.seed": CategoricalDistribution([0, 1])}
    for seed, share in ((0, 0.8), (1, 0.9)):
        made.trial(share, params={"train.lr0": 0.01, "train.seed": seed}, space=space)
    analysis = analyse(made.view)
    assert [entry.numbers for entry in analysis.board.entries] == [(0, 1)]
    assert "he setting of trials 0, 1 is" in sentences(analysis)
    (row,) = csv.DictReader(io.StringIO(as_csv(settings_table(analysis))))
    assert (row["trials"], row["n"]) == ("0 1", "2")
    assert float(row["mean"]) == pytest.approx(0.85)


def test_a_dead_parameter_is_found(made):
    """lr0 under optimizer=auto: other values, results equal to the last digit."""
    for lr0, imgsz in ((0.001, 160), (0.05, 160), (0.001, 224), (0.05, 224)):
        shares = (0.5, 0.525) if imgsz == 160 else (0.9, 0.925)
        made.repeated(*shares, params={"train.lr0": lr0, "train.imgsz": imgsz})
    analysis = analyse(made.view)
    verdicts = {effect.param: effect.verdict for effect in analysis.effects}
    assert verdicts == {"train.lr0": Verdict.DEAD, "train.imgsz": Verdict.MATTERS}
    assert "train.lr0 is dead" in sentences(analysis)


def test_results_of_zero_say_nothing_about_parameters(made):
    for lr0 in (0.001, 0.05):
        made.trial(0.0, params={"train.lr0": lr0, "train.imgsz": 160})
    assert all(effect.verdict != Verdict.DEAD for effect in analyse(made.view).effects)


def test_a_parameter_under_conditions_is_one_parameter(made):
    space = {
        "train.optimizer": CategoricalDistribution(["SGD", "AdamW"]),
        "train.lr0 | train.optimizer=SGD": FloatDistribution(1e-4, 1e-1, log=True),
        "train.lr0 | train.optimizer=AdamW": FloatDistribution(1e-5, 1e-3, log=True),
    }
    for optimizer, lr0 in (("SGD", 1e-2), ("AdamW", 1e-4)):
        params = {"train.optimizer": optimizer, f"train.lr0 | train.optimizer={optimizer}": lr0}
        made.trial(0.5, params=params, space=space)
    analysis = analyse(made.view)
    assert analysis.study.space["train.lr0"] == FloatDistribution(1e-5, 1e-1, log=True)
    assert [trial.params["lr0"] for trial in analysis.unified.trials] == [1e-2, 1e-4]


def test_the_table_has_a_row_for_every_trial(made):
    made.trial(0.5, curve=(0.1, 0.5), flags=["few_steps"], flag_messages=["Only 3."])
    made.trial(None, state=TrialState.FAIL, fail_reason="killed by SIGKILL")
    made.trial(None, state=TrialState.PRUNED, curve=(0.1,), retry_of=1)
    rows = list(csv.DictReader(io.StringIO(as_csv(runs_table(analyse(made.view).study)))))
    assert [row["state"] for row in rows] == ["COMPLETE", "FAIL", "PRUNED"]
    assert [row["epochs"] for row in rows] == ["2", "", "1"]
    assert (rows[0]["val/mAP50-95"], rows[0]["flags"], rows[0]["seconds"]) == ("0.5", "few_steps", "60.0")
    assert (rows[1]["fail_reason"], rows[2]["retry_of"]) == ("killed by SIGKILL", "1")
    assert rows[0]["untrained val/mAP50-95"] == "0.5"


def test_pruned_trials_are_in_the_learning_curves(made):
    made.trial(0.5, curve=(0.1, 0.5))
    made.trial(None, state=TrialState.PRUNED, curve=(0.05,))
    (curves,) = (part for part in page(analyse(made.view)).plots if part.title == "Learning curves")
    by_name = {trace.name: trace for trace in curves.figure.data}
    assert by_name["pruned"].marker.symbol == ("x",)
    assert tuple(by_name["best"].y) == (0.1, 0.5)


def test_the_tables_of_replicates_give_their_learning_curve(made, tmp_path):
    for seed, values in ((0, (0.1, 0.3)), (1, (0.3, 0.5))):
        folder = tmp_path / "0" / f"seed={seed}"
        folder.mkdir(parents=True)
        (folder / "results.csv").write_text(
            "epoch,metrics/mAP50-95(B)\n" + "".join(f"{e},{v}\n" for e, v in enumerate(values, 1))
        )
    made.trial(0.5, folder=str(folder), replicates={"train.seed=0": [0.4], "train.seed=1": [0.6]}, curve=(0.4, 0.6))
    curve = analyse(made.view).study.trials[0].curve
    assert (curve.steps, curve.values, curve.of) == ((1, 2), (pytest.approx(0.2), pytest.approx(0.4)), "epoch")


def test_the_page_names_the_data(made, tmp_path):
    replace(documents.training(), data=DataSet("people", "ab" * 32), start="n.pt").write(tmp_path)
    made.trial(0.5, folder=str(tmp_path))
    facts = dict(page(analyse(made.view)).facts)
    assert (facts["data"], facts["data digest"], facts["started from"]) == ("people", "ab" * 8, "n.pt")
    assert facts["trials"] == "1 completed"


def test_a_study_without_trials_has_a_page(made):
    analysis = analyse(made.view)
    assert headline(analysis) == ("No trial ended with a result.", "bad")
    assert plots(analysis) == []
    assert "plotly" not in as_html(page(analysis))


def test_a_study_that_failed_says_why(made):
    for _ in range(2):
        made.trial(None, state=TrialState.FAIL, fail_reason="DataError: no images")
    made.trial(None, state=TrialState.FAIL, fail_reason="killed by SIGKILL", retry_of=0)
    text = as_html(page(analyse(made.view)))
    assert "2 trials failed, 1 of them run again: DataError: no images" in text
    assert "killed by SIGKILL" in text


def test_one_trial_is_the_only_setting(made):
    made.trial(0.5)
    analysis = analyse(made.view)
    assert "It is the only setting with a result." in sentences(analysis)
    assert "Optimization history" in plots(analysis)


def test_two_trials_are_too_few_for_importances(made):
    made.trial(0.5)
    made.trial(0.6)
    content = page(analyse(made.view))
    notes = [part for section in content.sections for part in section.parts if isinstance(part, Note)]
    assert any("importances of so few would mean nothing" in sentence for note in notes for sentence in note.sentences)


def test_detections_on_another_machine_are_missed_and_said(made):
    for number in range(3):
        made.trial(0.5 + number / 10, records="/elsewhere/val.npz", baseline_records="/elsewhere/base.npz")
    analysis = analyse(made.view)
    assert "Not known: The detections of the trials are not on this machine (/elsewhere/base.npz)" in sentences(
        analysis
    )
    assert {entry.standing for entry in analysis.board.entries} == {Standing.BEST, Standing.UNKNOWN}
    assert as_html(page(analysis)).count("plotly-graph-div") >= 3


def test_another_objective_than_average_precision_has_no_image_intervals(made):
    made.study._storage.set_study_system_attr(made.study._study_id, "study:metric_names", ["val/F1"])
    made.trial(0.5)
    made.trial(0.6)
    assert "val/F1 is no average precision" in sentences(analyse(made.view))


def test_a_trial_that_breaks_a_constraint_is_no_winner(made):
    trial = made.study.ask(SPACE)
    trial.set_constraint("latency", 1.0)
    made.study.tell(trial, 0.9)
    assert headline(analyse(made.view)) == ("No trial keeps all constraints.", "bad")
    made.trial(0.5)
    analysis = analyse(made.view)
    assert analysis.board.best.numbers == (1,)
    assert [row["feasible"] for row in csv.DictReader(io.StringIO(as_csv(runs_table(analysis.study))))] == [
        "False",
        "True",
    ]


def test_several_objectives_have_a_front(made_with_two):
    """What depends on one objective is left out, the rest is there for each of them."""
    for share, seconds in ((0.5, 10.0), (0.6, 20.0), (0.4, 30.0)):
        made_with_two.trial(share, values=(share, seconds))
    analysis = analyse(made_with_two.view)
    assert (analysis.front, analysis.board) == ((0, 1), None)
    assert "2 of 3 trials on the Pareto front: no other trial beats them in everything." in sentences(analysis)
    assert {"Pareto front", "Optimization history of train/seconds", "Slices of val/mAP50-95"} <= set(plots(analysis))
    assert {row["objective"] for row in csv.DictReader(io.StringIO(as_csv(settings_table(analysis))))} == {
        "val/mAP50-95",
        "train/seconds",
    }


def test_the_page_stands_alone_and_escapes(made):
    """One copy of plotly.js, no link to anywhere; what a study or a failure is called is no markup."""
    made.study = optuna.create_study(study_name="<b>people</b>", direction="maximize")
    for number in range(7):
        made.trial(number / 10)
    made.trial(None, state=TrialState.FAIL, fail_reason="<script>alert(1)</script>")
    content = page(analyse(made.view))
    text = as_html(content)
    assert "<b>people" not in text
    assert "<script>alert" not in text
    assert "<script src=" not in text
    assert "<link" not in text
    assert len(text) < 6_000_000
    assert {type(part) for section in content.sections for part in section.parts} == {Plot, Tabulated, Note}


MODELS = {"model": CategoricalDistribution(["n", "s"]), "train.imgsz": CategoricalDistribution([96])}


def test_each_model_of_a_study_has_starting_weights_of_its_own(made, tmp_path):
    """What is said of the best one compares it with those that it started from."""
    for model, share, untrained in (("s", 0.9, 0.8), ("n", 0.5, 0.1)):
        replace(documents.training(), start=f"{model}.pt").write(tmp_path / model)
        params = {"model": model, "train.imgsz": 96}
        made.trial(share, untrained=untrained, params=params, space=MODELS, folder=str(tmp_path / model))
    analysis = analyse(made.view)
    facts = dict(page(analysis).facts)
    assert facts["started from"] == "s.pt, n.pt"
    assert facts["starting weights"] == "0.1000 of n at imgsz 96, 0.8000 of s at imgsz 96"
    assert analysis.board.best.to_untrained.estimate == pytest.approx(0.9 - 0.8 - analysis.board.chosen)
    levels = "Starting weights, val/mAP50-95: 0.1000 of n at imgsz 96, 0.8000 of s at imgsz 96."
    assert levels in lines(analysis, tmp_path)


def test_where_nothing_was_learned_all_starting_weights_are_named(made):
    for model, untrained in (("s", 0.8), ("n", 0.1)):
        made.trial(0.0, untrained=untrained, params={"model": model, "train.imgsz": 96}, space=MODELS)
    assert "the starting weights have 0.1 to 0.8: nothing was learned" in headline(analyse(made.view))[0]


def test_the_only_setting_that_keeps_the_constraints_still_says_what_it_is(made):
    for model, excess in (("n", -1.0), ("s", 1.0)):
        made.trial(0.5, params={"model": model, "train.imgsz": 96}, space=MODELS, constraints={"latency_ms": excess})
    table = board_table(analyse(made.view))
    assert [column.title for column in table.columns][:3] == ["trial", "val/mAP50-95", "model"]
    assert table.rows[0].cells[2] == "n"
