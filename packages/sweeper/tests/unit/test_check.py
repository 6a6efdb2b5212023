"""What is refused before the first trial, judged by a real configuration."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hydra import initialize_config_dir
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from optuna_search.errors import SpaceError
from optuna_search.run.compose import Composer
from optuna_search.space.checks import check_edges, check_keys, default_point
from optuna_search.space.space import Space, parse_space

CONFIG = """
defaults: [{model: small}, _self_]
optimizer: SGD
lr: 0.1
alias: ${optimizer}
needed: ???
tags: [a]
"""
JUDGED: list[frozenset[str]] = []


def remember(_: Any, searched: frozenset[str]) -> None:
    """An app's own `validate`."""
    JUDGED.append(searched)


class App:
    """A configuration in files, as a sweep finds it."""

    def __init__(self, *overrides: str) -> None:
        self.loader = GlobalHydra.instance().config_loader()
        self.config = self.loader.load_configuration("config", list(overrides), RunMode.MULTIRUN)

    def check(self, params: dict[str, Any], *arguments: str, validate: str | None = None) -> Space:
        space = parse_space(params, list(arguments), self.loader)
        check_keys(space, self.config, self.loader)
        check_edges(space, self.config, Composer(self.loader, self.config).compose, validate)
        return space


@pytest.fixture(autouse=True)
def no_configurations_of_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hydra's store without the groups that tests of an app in the same process have put there."""
    store = ConfigStore.instance()
    known = {name: node for name, node in store.repo.items() if name == "hydra" or name.startswith("_")}
    monkeypatch.setattr(store, "repo", known)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "model").mkdir()
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "model" / "small.yaml").write_text("depth: 1\nname: s")
    (tmp_path / "model" / "large.yaml").write_text("depth: 2\nname: l\nonly_large: 0.5")
    with initialize_config_dir(str(tmp_path), version_base="1.3"):
        yield App()


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"optimizer": "SGD,AdamW", "lr": {"when": {"optimizer=SGD": "interval(0,1)"}}}, id="searched key"),
        pytest.param({"lr": {"when": {"model=small": "1,2"}}}, id="config group"),
        pytest.param({"lr": {"when": {"model.depth=1": "1,2"}}}, id="configured value"),
        pytest.param({"model": "glob(*)", "lr": {"when": {"model=large": "1,2"}}}, id="searched group"),
        pytest.param({"lr": {"when": {"model=glob(s*)": "1,2"}}}, id="some options of a group"),
        pytest.param({"optimizer": "AdamW", "lr": {"when": {"optimizer=AdamW": "1,2"}}}, id="fixed in params"),
        pytest.param({"needed": "1,2"}, id="a mandatory value"),
        pytest.param({"tags": "[a],[b,c]"}, id="lists"),
        pytest.param({"+new": "1,2", "lr": {"when": {"new=1": "3,4"}}}, id="an added key"),
    ],
)
def test_a_space_that_works_passes(app, params):
    assert app.check(params).parameters


@pytest.mark.parametrize(
    ("params", "problem"),
    [
        pytest.param({"optimiser": "a,b"}, "does not have. Did you mean 'optimizer'", id="a misspelt key"),
        pytest.param(
            {"lr": {"when": {"optimiser=SGD": "1,2"}}},
            "neither searched nor in the configuration. Did you mean 'optimizer'",
            id="a misspelt condition",
        ),
        pytest.param(
            {"+weight": "1,2", "lr": {"when": {"wieght=1": "1,2"}}}, r"Did you mean '\+weight'", id="of a searched key"
        ),
        pytest.param(
            {"lr": {"when": {"model=medium": "1,2"}}}, "has no 'medium'. It has: large, small", id="no such option"
        ),
        pytest.param(
            {"optimizer": "SGD,AdamW", "lr": {"when": {"alias=SGD": "1,2"}}},
            "Put the condition on the searched key",
            id="a value computed from a searched one",
        ),
        pytest.param(
            {"model": "small,large", "lr": {"when": {"model.depth=1": "1,2"}}},
            "whether 'model.depth=1' holds is changed by what is searched",
            id="a value that a searched group sets",
        ),
        pytest.param(
            {"model": "large", "lr": {"when": {"model.depth=1": "1,2"}}},
            "is changed by what is searched",
            id="a value that a fixed group sets",
        ),
        pytest.param({"model": "small,huge"}, "does not work at model=huge", id="a group's missing option"),
        pytest.param(
            {"lr": {"when": {"optimizer=SGD": "1,2", "model=small": "3,4"}}}, "hold at once", id="overlap as configured"
        ),
    ],
)
def test_a_space_that_does_not_work_is_refused(app, params, problem):
    with pytest.raises(SpaceError, match=problem):
        app.check(params)


def test_the_apps_judge_sees_at_each_edge_what_is_searched_there(app):
    JUDGED.clear()
    params = {"optimizer": "SGD,AdamW", "lr": {"when": {"optimizer=SGD": "interval(0,1)"}}}
    app.check(params, validate=f"{__name__}.remember")
    assert set(JUDGED) == {frozenset({"optimizer", "lr"}), frozenset({"optimizer"})}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        pytest.param(
            {"lr": "interval(0,1)", "model": "small,large"}, {"lr": 0.1, "model": "small"}, id="value, choice"
        ),
        pytest.param({"lr": "interval(1,2)"}, {}, id="outside the space"),
        pytest.param({"tags": "[a],[b]"}, {"tags": "[a]"}, id="a list"),
        pytest.param({"+new": "1,2", "needed": "1,2"}, {}, id="no value yet"),
        pytest.param(
            {"optimizer": "SGD,AdamW", "lr": {"when": {"optimizer=SGD": "interval(0,1)", "optimizer=AdamW": 0.1}}},
            {"optimizer": "SGD", "lr | optimizer=SGD": 0.1},
            id="the case of the configured optimizer",
        ),
        pytest.param(
            {"optimizer": "Adam,AdamW", "lr": {"when": {"optimizer=AdamW": "interval(0,1)"}}},
            {},
            id="a value that belongs to another optimizer",
        ),
    ],
)
def test_the_default_point_is_what_is_configured_as_far_as_it_is_searched(app, params, expected):
    assert default_point(parse_space(params, [], app.loader), app.config) == expected


def test_a_key_that_one_choice_of_a_group_has_can_be_searched_where_it_is_chosen(app):
    """The main use of conditions; the key is not in the configuration that the sweep begins with."""
    only = {"when": {"model=large": "interval(0.1,0.9)"}}
    for params in (
        {"model": "choice(small,large)", "model.only_large": only},
        {"lr": "interval(0.1,0.9)", "model.only_large": only},  # never drawn here, and no mistake
    ):
        assert "model.only_large" in app.check(params).parameters
    assert "model.only_large" in app.check({"model.only_large": only}, "model=large").parameters
    with pytest.raises(SpaceError, match=r"also where model=large\. Did you mean 'model.only_large'"):
        app.check({"model": "choice(small,large)", "model.only_larg": only})
