"""What a promotion says."""

import io

import pytest
from rich.console import Console

from src.render.printed.promotion import Promoted, show, show_rollback


def printed(**changed):
    console = Console(file=io.StringIO(), width=120)
    new = {
        "name": "people",
        "number": 3,
        "is_new": True,
        "alias": "production",
        "before": 2,
        "facts": (("data.name", "real"), ("gate quality", "passed")),
        "reason": "",
        "comparison": "It is better: F1 +0.100.",
        "agreement": {"onnx": "1 box, off by at most 0 px and 0 in confidence"},
        "store": "sqlite:///mlflow.db",
    }
    show(Promoted(**{**new, **changed}), console)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({}, "people@production is version 3 now; version 2 was it before.", id="new"),
        pytest.param({"is_new": False}, "It was registered before, and is the same version still.", id="known"),
        pytest.param({"before": 3}, "Version 3 of people is production already; nothing was changed.", id="again"),
        pytest.param(
            {"alias": None}, "Version 3 of people is registered as rejected, without an alias.", id="rejected"
        ),
        pytest.param({"alias": None, "reason": "Too slow."}, "It is not for use. Too slow.", id="reason"),
        pytest.param({"alias": None}, 'load_model("models:/people/3")', id="use without alias"),
        pytest.param({}, 'load_model("models:/people@production")', id="use"),
        pytest.param({"store": "http://here:5000"}, "MLFLOW_ENABLE_PROXY_MULTIPART_DOWNLOAD=false", id="from a server"),
        pytest.param({}, "python -m src.promote --rollback name=people alias=production", id="back"),
    ],
)
def test_what_became_of_the_model_is_said(changed, said):
    assert said in printed(**changed)


def test_the_facts_are_shown_of_a_new_version_only():
    assert "gate quality" in printed()
    assert "gate quality" not in printed(is_new=False)


def test_what_had_no_alias_before_cannot_be_taken_back():
    assert "--rollback" not in printed(before=None)


@pytest.mark.parametrize(("left", "said"), [(0, "nothing older"), (1, "once more"), (2, "2 more times")])
def test_a_rollback_says_how_often_there_is_another(left, said):
    console = Console(file=io.StringIO(), width=120)

    show_rollback("people", "production", 1, taken_from=2, left=left, console=console)

    assert "people@production is version 1 again; version 2 was it until now." in console.file.getvalue()
    assert said in console.file.getvalue()
