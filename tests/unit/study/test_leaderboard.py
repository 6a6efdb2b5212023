import math

import numpy as np
import pytest

from src.documents.study_record import StudyTraining
from src.study.comparison import Scatter, compare, scatter_of
from src.study.curves import LastEpochs
from src.study.leaderboard import Standing, leaderboard
from src.study.noise import Measured, Noise, is_known

METRIC = "val/mAP50-95"


def comparison(**values):
    """Settings of lr0 with a run for each seed."""
    trials = [
        StudyTraining("", number, {"train.lr0": lr0, "train.seed": str(seed)}, {METRIC: value}, 10.0)
        for number, (lr0, per_seed) in enumerate(values.items())
        for seed, value in enumerate(per_seed)
    ]
    return compare(trials, METRIC, candidate=None)


def board(compared, measured=None, untrained=None, maximize=True, **known):
    noise = Noise.of(compared, measured or {}, known.pop("scatter", None))
    return leaderboard(compared, noise, untrained or {}, maximize=maximize, **known)


def on_images(spread, count=20, seed=0):
    """One run's contributions: a metric with that standard error over so many images."""
    found = np.random.default_rng(seed).normal(0, 1, (1, count))
    found -= found.mean()
    return spread * found / np.sqrt((found**2).sum())


def test_nothing_known_is_no_interval():
    found = board(comparison(a=[0.5], b=[0.4]), untrained={0: 0.1, 1: 0.1})
    assert found.sources == ()
    assert (found.luck, found.chosen) == (None, None)
    assert found.entries[1].standing == Standing.UNKNOWN
    assert not is_known(found.entries[1].to_best)
    assert not is_known(found.best.to_untrained)


def test_images_alone_give_the_models_intervals_and_the_settings_no_verdict():
    measured = {place: Measured(on_images(0.01, seed=place), on_images(0.01, seed=9)[0]) for place in range(2)}
    found = board(comparison(a=[0.9], b=[0.1]), measured, {0: 0.1, 1: 0.1})
    assert found.sources == ("images",)
    assert found.entries[1].standing == Standing.UNKNOWN
    assert found.entries[1].to_best.high < 0
    assert found.best.to_untrained.excludes_zero


def test_seeds_alone_give_tukeys_interval():
    """The studentised range of 3 means with 6 degrees of freedom is 4.34 at 95 % (Harter's table).

    A little is lost to the comparisons with several settings.
    """
    found = board(comparison(a=[0.5, 0.52, 0.54], b=[0.4, 0.42, 0.44], c=[0.3, 0.32, 0.34]))
    half = 4.34 / math.sqrt(2) * 0.02 * math.sqrt(2 / 3)
    assert found.entries[1].to_best.high == pytest.approx(-0.1 + half, abs=0.004)
    assert found.entries[2].to_best.low == pytest.approx(-0.2 - half, abs=0.004)
    assert [entry.standing for entry in found.entries] == [Standing.BEST, Standing.WORSE, Standing.WORSE]


def test_seeds_alone_give_dunnetts_bound_below_and_students_above():
    """Of 3 gains with 6 degrees of freedom the one-sided 97.5 % bound is 3.1 standard errors, of one 2.45."""
    found = board(
        comparison(a=[0.5, 0.52, 0.54], b=[0.49, 0.51, 0.53], c=[0.3, 0.32, 0.34]), untrained=dict.fromkeys(range(3), 0)
    )
    error = 0.02 / math.sqrt(3)
    assert found.best.to_untrained.low == pytest.approx(0.52 - 3.1 * error, abs=0.2 * error)
    assert found.best.to_untrained.high == pytest.approx(0.52 + 2.45 * error, abs=0.2 * error)


def test_what_moves_all_models_alike_is_no_uncertainty():
    """The images that are hard for all cancel out; a little of their own is left."""
    hard = on_images(0.2, seed=1)
    measured = {p: Measured(hard + on_images(0.01, seed=2 + p), hard[0]) for p in range(2)}
    found = board(comparison(a=[0.6], b=[0.5]), measured, {0: 0.5, 1: 0.5})
    assert found.entries[1].to_best.high < 0
    assert found.best.to_untrained.low > 0.04


def test_both_sources_together_are_wider_than_either():
    compared = comparison(a=[0.50, 0.51], b=[0.50, 0.51])
    measured = {p: Measured(np.repeat(on_images(0.02, seed=p), 2, axis=0)) for p in range(2)}
    widths = [
        found.high - found.low
        for found in (
            board(compared, measured).entries[1].to_best,
            board(compared).entries[1].to_best,
            board(comparison(a=[0.50], b=[0.50]), measured).entries[1].to_best,
        )
    ]
    assert widths[0] > max(widths[1:])


def test_what_another_training_makes_of_the_images_counts_once():
    """The runs of a setting differ on the images by as much as the settings do: the seeds' scatter holds all of it."""
    compared = comparison(a=[0.50, 0.52], b=[0.50, 0.52])
    measured = {p: Measured(np.concatenate([on_images(0.02, seed=2 * p + s) for s in range(2)])) for p in range(2)}
    alone, both = board(compared).entries[1].to_best, board(compared, measured).entries[1].to_best
    assert both.high - both.low < 1.3 * (alone.high - alone.low)


def test_fewer_runs_leave_more_doubt():
    three = [0.49, 0.50, 0.51]
    many = board(comparison(a=three, b=three)).entries[1].to_best
    one = board(comparison(a=[0.5], b=[0.5]), scatter=Scatter(0.01, 4)).entries[1].to_best
    assert one.high == pytest.approx(math.sqrt(3) * many.high)


def test_more_settings_make_more_luck():
    scatter = Scatter(0.01, math.inf)
    few, many = (
        board(comparison(**{f"s{i}": [0.5 - i / 1e6] for i in range(count)}), scatter=scatter) for count in (3, 30)
    )
    assert (few.luck, many.luck) == (pytest.approx(0.0085, abs=0.001), pytest.approx(0.0204, abs=0.001))
    assert many.chosen > few.chosen > 0
    assert many.entries[1].to_best.high > few.entries[1].to_best.high


def test_a_winner_that_stands_apart_has_not_been_lucky():
    scatter = Scatter(0.001, math.inf)
    found = board(comparison(a=[0.9], b=[0.5], c=[0.1]), untrained=dict.fromkeys(range(3), 0.0), scatter=scatter)
    assert (found.chosen, found.best.to_untrained.estimate) == (pytest.approx(0, abs=1e-12), pytest.approx(0.9))


@pytest.mark.parametrize(("apart", "standing"), [(0.0, Standing.WORSE), (0.02, Standing.TIED)])
def test_a_worse_setting_is_seen_sooner_below_settings_that_lie_close_together(apart, standing):
    """Their spread says, beside the seeds, how small chance is; their mean is the same."""
    seven = {f"s{place}": 0.5 + apart * (3 - place) / 3 for place in range(7)}
    runs = {name: [mean - 0.01, mean + 0.01] for name, mean in (seven | {"low": 0.465}).items()}
    assert board(comparison(**runs)).entries[-1].standing == standing


def test_settings_that_see_the_images_alike_have_little_luck_against_each_other():
    """The whole difference of two image sizes on an image was counted as chance between settings of one size."""
    sizes = [on_images(0.03, seed=1), on_images(0.03, seed=2)]
    measured = {p: Measured(sizes[p // 4] + on_images(0.001, seed=10 + p)) for p in range(8)}
    compared = comparison(**{f"s{p}": [0.5 - 0.1 * (p // 4) - p / 1e5] for p in range(8)})
    found = board(compared, measured, scatter=Scatter(0.0001, math.inf))
    assert 0.001 < found.chosen < 0.005
    assert 0.01 < found.luck < 0.02


def test_the_luck_of_an_image_size_is_no_luck_against_the_starting_weights_at_that_size():
    sizes = [on_images(0.03, seed=1), on_images(0.03, seed=2)]
    compared, own = comparison(a=[0.5], b=[0.49]), [on_images(0.001, seed=10 + p) for p in range(2)]
    at_own_size, at_one_size = (
        board(compared, {p: Measured(sizes[p] + own[p], sizes[p * own_size][0]) for p in range(2)}, {0: 0.4, 1: 0.4})
        for own_size in (1, 0)
    )
    assert at_own_size.chosen < 0.001
    assert at_one_size.chosen > 0.01


def test_a_gain_is_known_from_the_last_epochs_on_which_nothing_has_chosen():
    compared, known = comparison(a=[0.5], b=[0.4]), Scatter(0.01, math.inf)
    untrained = {0: 0.1, 1: 0.1}
    best, last = (
        board(compared, untrained=untrained, scatter=known, last=behind).best.to_untrained
        for behind in (None, LastEpochs({0: 0.03, 1: 0.0}))
    )
    assert last.low == pytest.approx(best.low - 0.03)
    assert (last.estimate, last.high) == (best.estimate, best.high)
    wide = board(compared, untrained=untrained, scatter=known, last=LastEpochs({0: 0.0, 1: 0.0}, Scatter(0.02, 4)))
    assert 0.5 - 0.1 - wide.best.to_untrained.low == pytest.approx(2 * (0.5 - 0.1 - best.low))


def test_trainings_that_learn_nothing_are_not_better_for_their_choice_of_epochs():
    """Four settings, two of them with three seeds; of eight epochs, each with luck of its own, the best one counts."""
    wrong, rng = 0, np.random.default_rng(0)
    for _ in range(200):
        epochs = [rng.normal(0.5, 0.04, (runs, 8)) for runs in (3, 3, 1, 1)]
        compared = comparison(**{f"s{place}": list(found.max(axis=1)) for place, found in enumerate(epochs)})
        numbers = {setting.varied["train.lr0"]: place for place, setting in enumerate(compared.settings)}
        ends = [list(found[:, -1]) for found in epochs]
        behind = {
            numbers[f"s{place}"]: float(found.max(axis=1).mean() - found[:, -1].mean())
            for place, found in enumerate(epochs)
        }
        last = LastEpochs(behind, scatter_of(ends))
        wrong += board(compared, untrained=dict.fromkeys(range(4), 0.5), last=last).best.to_untrained.low > 0
    assert wrong <= 11  # 2.5 % of 200 are 5, and chance makes 11 of them in one of a hundred cases


def test_where_all_images_are_alike_nothing_is_known():
    """An interval without width would be one of certainty."""
    flat = np.zeros((1, 10))
    found = board(comparison(a=[0.5], b=[0.5]), {0: Measured(flat, flat[0]), 1: Measured(flat, flat[0])}, {0: 0.5})
    assert not is_known(found.best.to_untrained)
    assert not is_known(found.entries[1].to_best)


def test_a_setting_whose_detections_are_missing_is_not_judged():
    measured = {place: Measured(on_images(0.01, seed=place)) for place in (0, 2)}
    found = board(comparison(a=[0.9, 0.8], b=[0.5, 0.6], c=[0.1, 0.2]), measured)
    assert [entry.standing for entry in found.entries] == [Standing.BEST, Standing.UNKNOWN, Standing.WORSE]


def test_seconds_are_better_when_they_are_fewer():
    trials = [StudyTraining("", n, {"x": str(n)}, {"s": value}) for n, value in enumerate((10.0, 20.0))]
    compared = compare(trials, "s", candidate=None, smaller_is_better=True)
    found = board(compared, untrained={0: 15.0, 1: 15.0}, scatter=Scatter(1.0, math.inf), maximize=False)
    assert found.entries[1].standing == Standing.WORSE
    assert found.best.to_untrained.high < 0
    assert found.best.to_untrained.estimate == pytest.approx(-5 + found.chosen)


def test_several_settings_together_show_that_one_is_worse():
    """It is 0.037 below the best one, where Tukey's range would want 0.043, and 0.033 below the mean of all five."""
    scatter = Scatter(0.01, 30)
    values = dict(zip("abcdef", ([0.500], [0.499], [0.498], [0.496], [0.487], [0.463]), strict=True))
    entries = board(comparison(**values), scatter=scatter).entries
    assert [entry.standing for entry in entries] == [Standing.BEST, *[Standing.TIED] * 4, Standing.WORSE]
    last = entries[-1].to_best
    assert last.estimate == pytest.approx(-0.037)
    assert last.high - last.estimate < last.estimate - last.low


def test_real_trainings_of_one_setting_are_equal_and_a_ruined_one_is_worse():
    """Values of benchmarks/planted.py: nine seeds of one setting, dealt out to three, and one with lr0=0.3."""
    same = {"a": [0.2308, 0.1945, 0.2218], "b": [0.2368, 0.2454, 0.2064], "c": [0.2188, 0.2317, 0.1959]}
    equal = board(comparison(**same)).entries
    assert [entry.standing for entry in equal] == [Standing.BEST, Standing.TIED, Standing.TIED]
    ruined = board(comparison(**same, d=[0.0001, 0.0, 0.0])).entries
    assert [entry.standing for entry in ruined] == [Standing.BEST, Standing.TIED, Standing.TIED, Standing.WORSE]


@pytest.mark.parametrize("settings", [2, 6])
def test_equal_settings_are_called_worse_in_one_study_of_twenty(settings):
    """Settings that differ by their seeds alone."""
    rng = np.random.default_rng(settings)
    worse = []
    for _ in range(60):
        values = {f"s{i}": rng.normal(0.5, 0.01, 2).tolist() for i in range(settings)}
        worse.append(any(entry.standing == Standing.WORSE for entry in board(comparison(**values)).entries))
    assert np.mean(worse) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


@pytest.mark.parametrize(
    ("seconds", "sizes", "cheapest"),
    [
        pytest.param((60, 20), ("224", "224"), 1, id="the quicker one"),
        pytest.param((20, 60), ("224", "160"), 0, id="time counts more than the image size"),
        pytest.param((60.0, 59.0), ("224", "160"), 1, id="about as quick: the smaller images"),
        pytest.param((60.0, 59.0), ("160", "160"), 0, id="about as quick, as small: the better one"),
        pytest.param((None, None), ("224", "160"), 1, id="times not known: the smaller images"),
    ],
)
def test_the_cheapest_of_those_that_compete(seconds, sizes, cheapest):
    trials = [
        StudyTraining("", n, {"train.imgsz": sizes[n], "x": str(n)}, {METRIC: value}, seconds[n])
        for n, value in enumerate((0.9, 0.9 - 1e-9))
    ]
    compared = compare(trials, METRIC, candidate=None)
    assert board(compared, scatter=Scatter(0.01, math.inf)).cheapest.numbers == (cheapest,)


def timed(**settings):
    """Settings of lr0 with two runs each: a value, ms for an image and seconds of a training."""
    trials = [
        StudyTraining(
            "",
            number,
            {"train.lr0": lr0, "train.seed": str(seed)},
            {METRIC: value + seed / 1e3, "latency_ms": ms},
            spent,
        )
        for number, (lr0, (value, ms, spent)) in enumerate(settings.items())
        for seed in range(2)
    ]
    return compare(trials, METRIC, candidate=None)


def lr0s(entries):
    return [entry.setting.varied["train.lr0"] for entry in entries]


def test_the_front_has_the_settings_of_which_none_is_both_better_and_quicker():
    found = board(timed(best=(0.9, 30.0, 5), slower=(0.8, 40.0, 1), quick=(0.7, 20.0, 9), worse=(0.2, 20.0, 1)))
    assert lr0s(found.front) == ["best", "quick"]


def test_a_search_that_timed_no_model_has_no_front():
    assert board(comparison(a=[0.5], b=[0.4])).front == ()


def test_where_models_were_timed_the_cheapest_is_the_quickest_model_and_not_the_shortest_training():
    compared = timed(best=(0.900, 30.0, 5), quick=(0.899, 20.0, 9), short=(0.899, 25.0, 1), poor=(0.1, 1.0, 1))
    found = board(compared)
    assert lr0s([found.cheapest]) == ["quick"]
    assert found.entries[-1].standing == Standing.WORSE
