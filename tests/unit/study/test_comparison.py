import math
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from src.documents.study_record import StudyTraining
from src.study.comparison import compare, varied_params

METRIC = "val/mAP50-95"


def trial(number, value, *, seed="0", untrained=0.3, **params):
    metrics = {METRIC: value, f"untrained/{METRIC}": untrained}
    return StudyTraining(
        f"run{number}", number, {"data.name": "people", "train.seed": seed, **params}, metrics, 10.0 * number
    )


def grid(**values):
    """Settings of lr0 with a trial for each seed."""
    trials = []
    for lr0, per_seed in values.items():
        for seed, value in enumerate(per_seed):
            trials.append(trial(len(trials), value, seed=str(seed), **{"train.lr0": lr0}))
    return trials


def test_runs_that_differ_in_their_seed_only_are_repeats():
    comparison = compare(grid(a=[0.60, 0.64], b=[0.50, 0.52]), METRIC, candidate=1)
    best, second = comparison.settings
    assert comparison.candidate == 0
    assert (best.mean, len(best.trials)) == (pytest.approx(0.62), 2)
    assert best.std == pytest.approx(statistics.stdev([0.60, 0.64]))
    assert best.varied == {"train.lr0": "a"}
    assert best.difference is None
    assert second.difference == pytest.approx(0.11)
    assert second.seconds == 25.0


def test_the_noise_is_students_t_with_the_pooled_standard_deviation():
    """Two settings of three seeds: 4 degrees of freedom."""
    values = {"a": [0.60, 0.62, 0.64], "b": [0.55, 0.56, 0.57]}
    pooled = math.sqrt((2 * statistics.variance(values["a"]) + 2 * statistics.variance(values["b"])) / 4)
    noise = 2.7764 * pooled * math.sqrt(2 / 3)
    for shift, within in ((0.06 - noise - 1e-6, False), (0.06 - noise + 1e-6, True)):
        moved = {"a": values["a"], "b": [value + shift for value in values["b"]]}
        comparison = compare(grid(**moved), METRIC, candidate=0)
        assert comparison.settings[1].within_noise is within
    assert "4 degrees of freedom" in comparison.judged_by


def test_a_single_run_is_judged_by_the_scatter_of_repeated_ones():
    comparison = compare(grid(a=[0.60], b=[0.50, 0.52], c=[0.10]), METRIC, candidate=0)
    assert comparison.settings[0].std is None
    assert [setting.within_noise for setting in comparison.runners_up] == [True, True]
    assert comparison.scatter.freedom == 1


@pytest.mark.parametrize(
    ("ratio", "differs"), [(3.05, False), (3.2, True), (1 / 3.2, True)], ids=["by chance", "more", "less"]
)
def test_settings_that_scatter_differently_are_noticed(ratio, differs):
    """Of two variances with 4 degrees of freedom each Bartlett's test at 5 % asks for a ratio of 9.7, by scipy."""
    runs = [-0.02, -0.01, 0.0, 0.01, 0.02]
    found = compare(grid(a=[0.5 + run for run in runs], b=[0.4 + ratio * run for run in runs]), METRIC, candidate=0)
    assert found.scatter.differs is differs


def test_without_repeats_nothing_says_what_is_noise():
    comparison = compare(grid(a=[0.60], b=[0.10]), METRIC, candidate=0)
    assert comparison.runners_up[0].within_noise is None
    assert "No setting was repeated" in comparison.judged_by


def test_the_more_settings_the_candidate_was_picked_from_the_larger_is_noise():
    """Of 3 pairs each is judged at 98.3 %: t with 3 degrees of freedom is 4.86 there, not 3.18."""
    values = {"a": [0.60, 0.62], "b": [0.53, 0.55], "c": [0.50, 0.52]}
    noise = 4.857 * math.sqrt(2) * 0.01
    alone = compare(grid(a=values["a"], b=values["b"]), METRIC, candidate=0)
    among = compare(grid(**values), METRIC, candidate=0)
    assert noise == pytest.approx(among.scatter.noise(2, 2, 3), abs=1e-4)
    assert [setting.within_noise for setting in among.runners_up] == [noise >= 0.07, noise >= 0.10]
    assert alone.scatter.noise(2, 2, 1) < among.scatter.noise(2, 2, 3) * 4.303 / 4.857 + 1e-3


def test_a_candidate_that_is_not_the_best_keeps_its_place():
    comparison = compare(grid(a=[0.60], b=[0.50]), METRIC, candidate=1)
    assert comparison.candidate == 1
    assert comparison.runners_up[0].difference == pytest.approx(-0.1)


@pytest.mark.parametrize("candidate", [None, 99])
def test_without_a_known_candidate_settings_are_ranked_and_not_judged(candidate):
    comparison = compare(grid(a=[0.50], b=[0.60]), METRIC, candidate=candidate)
    assert comparison.candidate is None
    assert [setting.varied["train.lr0"] for setting in comparison.runners_up] == ["b", "a"]
    assert comparison.runners_up[0].difference is None


def test_a_loss_is_better_when_it_is_smaller():
    comparison = compare(grid(a=[0.5], b=[0.6]), METRIC, candidate=1, smaller_is_better=True)
    assert comparison.candidate == 1


def test_the_untrained_weights_have_a_range():
    """They depend on the image size."""
    trials = [trial(0, 0.5, untrained=0.3), trial(1, 0.6, untrained=0.4, **{"train.imgsz": "416"})]
    assert compare(trials, METRIC, candidate=0).untrained == (0.3, 0.4)


def test_trials_without_the_metric_are_left_out():
    nan = trial(1, math.nan)
    assert compare([nan], METRIC, candidate=1) is None
    assert len(compare([trial(0, 0.5), nan], METRIC, candidate=0).settings) == 1


def test_only_what_differs_is_shown():
    trials = [trial(0, 0.5, **{"train.lr0": "a"}), trial(1, 0.5, seed="1", **{"train.lr0": "b", "train.freeze": "10"})]
    assert varied_params(trials) == ["train.freeze", "train.lr0"]


def test_one_lucky_run_does_not_win_over_the_mean_of_several():
    comparison = compare(grid(a=[0.596], b=[0.59, 0.595, 0.60], c=[0.50, 0.51]), METRIC, candidate=None)
    assert [setting.varied["train.lr0"] for setting in comparison.settings] == ["b", "a", "c"]


@given(st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=1, max_size=5), st.floats(-1, 1))
def test_a_shift_of_all_results_changes_no_judgement_of_order(values, shift):
    """Settings come best first, and every trial is in exactly one of them."""
    trials = grid(**{f"s{i}": [value + shift for value in group] for i, group in enumerate(values)})
    comparison = compare(trials, METRIC, candidate=0)
    means = [setting.mean for setting in comparison.settings]
    assert means == pytest.approx(sorted(means, reverse=True))
    assert sorted(t.number for s in comparison.settings for t in s.trials) == [t.number for t in trials]
