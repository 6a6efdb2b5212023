"""A configuration composed once and changed is the one that Hydra composes anew, in all that a job can see.

The reference is Hydra itself: `ConfigLoader.load_sweep_config()`.
"""

import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from hydra import initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.config_store import ConfigStore
from hydra.core.global_hydra import GlobalHydra
from hydra.types import RunMode
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import DictConfig, OmegaConf
from omegaconf.base import Container, Node
from optuna_search.run.compose import Composer

APPS = Path(__file__).parents[1] / "apps"
TOY = APPS / "toy" / "conf"
GROUPS = APPS / "groups"

# of every kind of override that Hydra's grammar has, with some that cannot work
OVERRIDES = [
    *("lr=0.5", "lr=2", "lr=null", "++lr=3", "+lr=4", "lr='${nested.a.b}'", "lr=text", "~lr", "~lr=0.1", "~lr=7"),
    *("db=mysql", "db=pg", "db@backup=mysql", "backup=mysql", "~db", "db={name: handmade}", "db.name=x", "db.port=1"),
    *("engine=large", "engine=small", "engine=none_such", "engine.size=3", "+extra=nice", "+extra@deep.er=nice"),
    *("+more=large", "+found=yes", "++db=pg", "db=[mysql,pg]", "+nested@db=nice", "tuned.only_here=1", "tuned.knob=4"),
    *("nested.a.b=2", "nested.a={b: 7}", "nested={a: {c: 1}}", "nested=null", "nested.items=[5]", "nested.items.0=9"),
    *(
        "+nested.a.new=1",
        "+nested.a.new={x: [1]}",
        "++nested.a.deep.er=1",
        "nested.a.none=1",
        "~nested.a.b",
        "nested=3",
    ),
    *("nested.items.2.k=w", "+nested.items.7=1", "link.b=5", "link=3", "+link=3", "+link={b: 4}", "link={b: 4}"),
    *("job.num=7", "job.name=other", "batch=12", "+batch=12", "nothing=1", "+nothing=1", "missing=1", "+missing=1"),
    *(
        "text='a,b'",
        'text="1"',
        "text=",
        "text='it''s'",
        "text=\\$\\{lr\\}",
        "text=[a,'1',{b: c}]",
        "text=a b",
        "text=é",
    ),
    *(
        "typed.count=3",
        "typed.count=x",
        "typed.colour=RED",
        "typed.rates=[1,2]",
        "typed.rates.0=7",
        "typed.sizes={s: 1}",
    ),
    *("+typed.sizes.new=2", "typed.inner.depth=4", "typed.inner={depth: 5}", "typed.inner={none: 5}", "typed=null"),
    *("x=1,2", "lr=1,2", "lr=choice(1,2)", "lr=range(1,3)", "lr=cast", "lr=int(3.7)", "lr=1e-3", "lr=inf", "lr=010"),
    *("hydra.job.name=renamed", "hydra={verbose: true}", "hydra.sweep.dir=elsewhere", "hydra/job_logging=default"),
    *("+hydra.job.env_set.A=b", "hydra.job.config.override_dirname.kv_sep='-'", "hydra.searchpath=[]", "lr", "a b c"),
]


class Colour(Enum):
    """Of an enumerated setting."""

    RED = 1
    BLUE = 2


@dataclass
class Inner:
    """A schema within a schema."""

    depth: int = 1


@dataclass
class Typed:
    """A schema."""

    count: int | None = None
    colour: Colour = Colour.BLUE
    rates: list[float] = field(default_factory=lambda: [0.5])
    sizes: dict[str, int] = field(default_factory=lambda: {"s": 0})
    inner: Inner = field(default_factory=Inner)


class Counting:
    """A loader that counts how often it composes.

    What the reference has composed is a copy of that, to save time; the reference is Hydra's own object.
    """

    def __init__(self, loader: ConfigLoader) -> None:
        self._loader = loader
        self._known: dict[tuple[str, ...], bytes | Exception] = {}
        self.compositions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def load_sweep_config(self, master: DictConfig, overrides: list[str]) -> DictConfig:
        self.compositions += 1
        known = self._known.get(tuple(overrides))
        if isinstance(known, Exception):
            raise known
        config: DictConfig = pickle.loads(known) if known else self._loader.load_sweep_config(master, overrides)
        return config

    def reference(self, master: DictConfig, overrides: list[str]) -> DictConfig:
        try:
            config = self._loader.load_sweep_config(master, list(overrides))
        except Exception as error:
            self._known[tuple(overrides)] = error
            raise
        self._known[tuple(overrides)] = cloudpickle.dumps(config)
        return config


@dataclass
class Setup:
    """Hydra's own way and ours."""

    loader: Counting
    master: DictConfig
    composer: Composer

    def hydra(self, overrides: list[str]) -> DictConfig:
        return self.loader.reference(self.master, overrides)


def set_up(folder: Path, *overrides: str) -> Setup:
    with initialize_config_dir(str(folder), version_base="1.3"):
        loader = GlobalHydra.instance().config_loader()
        master = loader.load_configuration("config", list(overrides), RunMode.MULTIRUN)
    assert "moment" not in master or master.moment  # resolved now, as by an app that looks at its folder's name
    counting = Counting(loader)
    return Setup(counting, master, Composer(counting, master))


@pytest.fixture(scope="module")
def handmade() -> Iterator[Setup]:
    ConfigStore.instance().store("compose_test_schema", Typed)
    os.environ |= {"COMPOSE_TEST": "first", "COMPOSE_TEST_MORE": "more", "COMPOSE_TEST_RESOLVED": "noon"}
    yield set_up(GROUPS / "conf", f"hydra.searchpath=[file://{GROUPS}/more_conf]", "+hydra.job.env_set.OMP=1")
    for name in ("COMPOSE_TEST", "COMPOSE_TEST_MORE", "COMPOSE_TEST_RESOLVED"):
        del os.environ[name]
    del ConfigStore.instance().repo["compose_test_schema.yaml"]


@pytest.fixture(scope="module")
def toy() -> Setup:
    return set_up(TOY)


def described(node: Node) -> Any:
    """A configuration's nodes with their types, flags and metadata, down to the leaves."""
    metadata = {name: value for name, value in vars(node._metadata).items() if name != "resolver_cache"}
    content: Any = node._value()
    if isinstance(node, Container) and isinstance(content, dict):
        content = [(key, described(child)) for key, child in content.items()]
    elif isinstance(node, Container) and isinstance(content, list):
        content = [described(child) for child in content]
    return type(node), metadata, repr(content) if isinstance(content, float) else content


def all_of(config: DictConfig) -> tuple[Any, ...]:
    """What a job can see of its configuration."""
    cache = dict(OmegaConf.get_cache(config))
    values = []
    for key in config:
        try:
            resolved = OmegaConf.to_container(OmegaConf.create({"value": config[key]}), resolve=True)
        except Exception as error:
            resolved = f"{type(error)}: {error}"
        values.append((key, str(resolved)))
    return OmegaConf.to_yaml(config), described(config), cache, values


def assert_the_same(setup: Setup, composer: Composer, overrides: list[str]) -> None:
    expected = outcome(setup.hydra, overrides)
    assert outcome(composer.compose, overrides) == expected


def outcome(compose: Callable[[list[str]], DictConfig], overrides: list[str]) -> tuple[Any, ...]:
    try:
        return all_of(compose(overrides))
    except Exception as error:
        return type(error), str(error), str(error.__cause__)


LISTS = st.lists(st.sampled_from(OVERRIDES), max_size=5)


@settings(max_examples=10)
@given(overrides=LISTS)
def test_any_list_of_overrides_gives_what_hydra_gives(handmade, overrides):
    assert_the_same(handmade, handmade.composer, overrides)


@pytest.mark.slow
@settings(max_examples=100)
@given(overrides=LISTS)
def test_many_lists_of_overrides_give_what_hydra_gives(handmade, overrides):
    assert_the_same(handmade, handmade.composer, overrides)


@settings(max_examples=10)
@given(
    x=st.floats(allow_nan=False),
    db=st.sampled_from(["mysql", "pg", "sqlite"]),
    how=st.sampled_from(["kill", "'1'", "'a,b'", "[a, b]", "null", "'${x}'"]),
    order=st.permutations(range(4)),
)
def test_the_toys_trials_are_those_of_hydra(toy, x, db, how, order):
    given_overrides = [f"x={x}", f"db={db}", f"how={how}", "+new.key=1"]
    overrides = [given_overrides[place] for place in order]
    assert_the_same(toy, toy.composer, overrides)


@pytest.mark.parametrize("override", OVERRIDES)
def test_an_override_alone_gives_what_hydra_gives(handmade, override):
    assert_the_same(handmade, handmade.composer, [override])


def compositions(setup: Setup, lists: list[list[str]]) -> int:
    """How often Hydra composes for these lists of overrides."""
    setup.loader.compositions = 0
    composer = Composer(setup.loader, setup.master)
    for overrides in lists:
        assert_the_same(setup, composer, overrides)
    return setup.loader.compositions


def test_files_are_read_once_for_each_combination_of_groups(handmade):
    points = [(rate, db) for rate in range(3) for db in ("pg", "mysql")]
    lists = [["nested.a.c=1", f"lr={rate}", f"db={db}", f"+new={rate}", "db.name=x"] for rate, db in points]
    assert compositions(handmade, lists) == 2


def test_a_deletion_at_the_front_is_part_of_what_is_composed_once(handmade):
    assert compositions(handmade, [["nested.a.c=2", "~text", f"lr={rate}"] for rate in range(3)]) == 1


@pytest.mark.parametrize(
    "override",
    [
        pytest.param("link.b=1", id="a value behind an interpolation"),
        pytest.param("+link={b: 1}", id="merged into an interpolation"),
        pytest.param("nested={a: {c: 1}}", id="merged into a mapping that has one"),
    ],
)
def test_what_hydra_has_to_resolve_first_is_left_to_hydra(handmade, override):
    assert compositions(handmade, [[override, f"lr={rate}"] for rate in range(3)]) == 4


def test_the_config_groups_are_looked_up_once(handmade, monkeypatch):
    """Hydra copies its ConfigStore for each answer."""
    asked = []
    look_up = handmade.loader.get_group_options
    monkeypatch.setattr(
        handmade.loader, "get_group_options", lambda *about: asked.append(about) or look_up(*about), raising=False
    )
    composer = Composer(handmade.loader, handmade.master)
    for override in ("lr=1", "db=pg", "nested.a.b=2"):
        composer.compose([override])
    assert len(asked) == 1


def test_a_job_that_changes_its_configuration_changes_no_other(handmade):
    first = handmade.composer.compose(["lr=1"])
    first.nested.a.b = "changed"
    first.hydra.job.name = "changed"
    assert_the_same(handmade, handmade.composer, ["lr=1"])


def test_the_environment_and_the_folder_of_the_moment_are_taken(handmade, monkeypatch, tmp_path):
    handmade.composer.compose(["lr=1"])
    monkeypatch.setenv("COMPOSE_TEST", "second")
    monkeypatch.chdir(tmp_path)
    config = handmade.composer.compose(["lr=1"])
    assert config.hydra.job.env_set == {"OMP": "1", "COMPOSE_TEST": "second"}
    assert config.hydra.runtime.cwd == str(tmp_path)


def test_a_moment_that_the_sweep_has_resolved_stays_the_same_in_all_jobs(handmade):
    moment = handmade.master.moment
    assert {handmade.composer.compose([f"lr={rate}"]).moment for rate in range(3)} == {moment}
