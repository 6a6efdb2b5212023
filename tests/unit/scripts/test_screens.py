"""scripts/screens.py: what a terminal shows in the end, without its orders."""

import optuna
from optuna.trial import TrialState, create_trial
from optuna_search.results.progress import SweepProgress

from scripts.screens import WIDTHS, recorded
from src.render import terminal
from src.render.table import Row, Table, numbers, texts


def test_a_table_is_recorded_as_it_fits():
    cells = ("a gate with a long name of several words", *(f"0.12345{place} [0.1111, 0.9999]" for place in range(6)))
    table = Table((*texts("gate"), *numbers(*(f"value {place}" for place in range(6)))), (Row(cells),))
    for width in WIDTHS:
        text = recorded(lambda console: terminal.show(table, console), width)
        assert max(map(len, text.splitlines())) <= width
        assert [f"0.12345{place}" in text for place in range(6)] == [True] * 6
        assert "…" not in text
        assert "\x1b" not in text


def test_the_live_display_is_recorded_as_it_was_last():
    study = optuna.create_study(study_name="people")
    study.add_trial(create_trial(state=TrialState.RUNNING, intermediate_values={2: 0.25}))

    def live(console):
        with SweepProgress(study, 4, console):
            pass

    first, *rest = recorded(live, 80).splitlines()
    assert first.startswith("people ")
    assert " 0/4 " in first
    assert [line for line in rest if line.startswith("people")] == []
    assert any("trial 0 · step 2 · " in line and "0.25" in line for line in rest)
