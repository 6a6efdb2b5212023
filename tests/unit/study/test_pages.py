import pytest

from src.render.study import Plot
from src.study.analysis import analyse
from src.study.pages.sentences import headline, numbers, remarks
from src.study.pages.study_page import page


@pytest.mark.parametrize(
    ("at_160", "at_224", "expected"),
    [(0.0, 0.0, ["starting weights"]), (0.25, 0.5, ["starting weights at imgsz 160", "starting weights at imgsz 224"])],
)
def test_starting_weights_that_coincide_have_one_line(made, at_160, at_224, expected):
    for size, untrained in ((160, at_160), (224, at_224)):
        made.trial(0.75, params={"train.lr0": 1e-3, "train.imgsz": size}, untrained=untrained)
    parts = [part for section in page(analyse(made.view)).sections for part in section.parts]
    (history,) = (part for part in parts if isinstance(part, Plot) and part.title == "Optimization history")
    assert [annotation.text for annotation in history.figure.layout.annotations] == expected


def test_long_rows_of_numbers_are_cut():
    assert numbers(range(3)) == "0, 1, 2"
    assert numbers(range(10)) == "0, 1, 2, 3, 4, 5, 6, 7, … (10 in all)"


@pytest.mark.parametrize(
    ("shares", "untrained", "said"),
    [
        ([0.0] * 3, None, "Each of the 3 trials with a result has val/mAP50-95 0: nothing was learned"),
        ([0.0] * 2, 0.5, "val/mAP50-95 0, the starting weights have 0.5: nothing was learned"),
        ([0.0], None, "The only trial with a result has val/mAP50-95 0: nothing was learned"),
        ([0.25] * 2, None, "All 2 trials with a result have the same one: no setting is better than another."),
    ],
)
def test_where_nothing_was_learned_no_trial_is_called_the_best(made, shares, untrained, said):
    for share in shares:
        made.trial(share, untrained=untrained)
    analysis = analyse(made.view)
    lines = [headline(analysis)[0], *remarks(analysis)]
    assert any(said in line for line in lines)
    assert not any("is the best" in line for line in lines if not any(shares))


def test_the_time_of_a_training_is_that_of_the_training(made):
    """Not of all that its trial did: the first one evaluates the starting weights, too."""
    made.trial(0.5, seconds=25.1, metrics={"val/mAP50-95": 0.5, "train/seconds": 9.5})
    made.trial(0.5, seconds=10.8, metrics={"val/mAP50-95": 0.5, "train/seconds": 9.4})
    board = analyse(made.view).board
    assert sorted(entry.setting.seconds for entry in board.entries) == [9.4, 9.5]


def test_a_search_that_timed_its_models_has_their_front_and_the_cheapest_one(made):
    """The quicker one is not significantly worse; the third is both worse and slower."""
    for share, ms in ((0.8, 30.0), (0.775, 12.0), (0.2, 40.0)):
        made.repeated(share, share + 0.05, metrics={"latency_ms": ms})
    analysis = analyse(made.view)
    said = " ".join(remarks(analysis))
    assert (
        "The cheapest model that is not significantly worse is that of trial 1: 12.0 ms an image instead of 30.0 ms."
        in said
    )
    assert "Pareto front of val/mAP50-95 and latency: trial 0 (0.8250, 30.0 ms), trial 1 (0.8000, 12.0 ms)." in said
    (front,) = [part for part in page(analysis).sections[0].parts if part.title == "Pareto front"]
    assert [row.cells[0] for row in front.table.rows] == ["0", "1"]
    assert "[" in front.table.rows[1].cells[2], "a difference has its interval"
