"""The command line of `python -m src.report`."""

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import given
from hypothesis import strategies as st

from src.core.errors import ConfigError
from src.report import ReportArguments, as_overrides


@pytest.mark.parametrize(
    ("given_", "overrides"),
    [
        pytest.param(["study=people"], ["study=people"], id="a study stays as it is"),
        pytest.param(["compare", "ab12", "cd34"], ["compare=['ab12','cd34']"], id="runs become a list"),
        pytest.param(
            ["compare", "ab12", "tracking=server", "cd34", "--cfg"],
            ["compare=['ab12','cd34']", "tracking=server", "--cfg"],
            id="overrides and options stay",
        ),
        pytest.param(
            ["compare", "trial 3 train.seed=1", "+x=1"],
            ["compare=['trial 3 train.seed=1']", "+x=1"],
            id="a name that looks like an override",
        ),
    ],
)
def test_runs_are_said_as_hydra_wants_them(given_, overrides):
    assert as_overrides(given_) == overrides


plain = st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="=-$\\")


@given(st.lists(st.text(plain, min_size=1), min_size=1))
def test_hydra_reads_back_the_names(names):
    (override,) = as_overrides(["compare", *names])
    parsed = OverridesParser.create().parse_override(override)
    assert [str(value) for value in parsed.value()] == names


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({}, "Say what to report", id="nothing"),
        pytest.param({"study": "a", "compare": ["b", "c"]}, "one or the other", id="both"),
        pytest.param({"compare": ["b"]}, "name another run", id="one run"),
    ],
)
def test_what_cannot_be_reported_is_refused(arguments, message):
    with pytest.raises(ConfigError, match=message):
        ReportArguments(**arguments)
