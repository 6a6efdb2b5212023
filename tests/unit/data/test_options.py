import re
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from src.core.errors import ConfigError
from src.data.options import ArchiveOptions, CocoJsonOptions, SyntheticOptions, YoloOptions


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param(
            {"backgrounds": "kep"},
            "data.backgrounds must be one of drop, keep, got 'kep'. Did you mean 'keep'",
            id="choice",
        ),
        pytest.param({"name": "../x"}, "data.name must be the name of a folder", id="name leaves"),
        pytest.param({"resize": 4}, "data.resize must be at least 32", id="resize"),
        pytest.param({"classes": ["cat", "cat"]}, "data.classes names", id="class twice"),
        pytest.param({"imgsz_choices": [0]}, "data.imgsz_choices must be", id="imgsz"),
        pytest.param({"source": "yolo"}, "data.source is fixed to 'synthetic'", id="source"),
        pytest.param({"images": 0}, "data.images must be at least 1", id="images"),
        pytest.param({"side": 8}, "data.side must be from 32", id="side"),
        pytest.param({"seed": -1}, "data.seed must not be negative", id="seed"),
        pytest.param({"classes": ["persn"]}, "no class 'persn'. Did you mean 'person'", id="class"),
    ],
)
def test_a_value_that_cannot_work_is_refused(changes: dict, reason: str) -> None:
    """With its key, what was expected and the nearest valid spelling."""
    with pytest.raises(ConfigError) as caught:
        SyntheticOptions(**({"name": "x"} | changes))
    assert reason in str(caught.value)


def test_only_https_is_downloaded() -> None:
    """Content that anybody on the way could change is not asked for."""
    with pytest.raises(ConfigError, match=r"data\.url must begin with https://"):
        ArchiveOptions(name="x", url="http://example.org/a.zip")


@pytest.mark.parametrize("options", [ArchiveOptions, SyntheticOptions, YoloOptions])
def test_options_survive_the_way_through_omegaconf(options: type) -> None:
    """A schema can be made of them, and they come back as themselves."""
    config = OmegaConf.merge(OmegaConf.structured(options), {"name": "x", "splits": {"train": 4, "val": 0.5 * 4}})
    if options is YoloOptions:
        config.path = "somewhere"

    typed = OmegaConf.to_object(config)

    assert isinstance(typed, options)
    assert typed.splits == {"train": 4.0, "val": 2.0}


def test_where_things_lie_is_no_part_of_the_recipe() -> None:
    """The same archive elsewhere, or other sizes to search, make the same data set."""
    one = ArchiveOptions(name="x", archive="a.zip", root="here", imgsz_choices=[64])
    other = ArchiveOptions(name="x", archive="b.zip", root="there", imgsz_choices=[96])

    assert one.recipe() == other.recipe()
    assert one.recipe() != ArchiveOptions(name="x", split_seed=1).recipe()


def _defaults_of_the_guide() -> dict[str, str]:
    """The settings of the guide's table with the text of their default."""
    guide = (Path(__file__).parents[3] / "docs" / "guides" / "your-own-data.md").read_text()
    rows = re.findall(r"^\| `data\.([^|]*) \|.*\| ([^|]*) \|$", guide, re.MULTILINE)
    return {key.split("`")[0]: default for keys, default in rows for key in [keys]}


def test_the_guide_states_the_defaults_of_the_schemas() -> None:
    """What is written there is what a file of one's own gets that does not say otherwise."""
    stated = _defaults_of_the_guide()
    yolo, coco = YoloOptions(name="x", path="y"), CocoJsonOptions(name="x", path="y", annotations="a.json")

    assert stated["backgrounds"] == f"`{yolo.backgrounds}`" == f"`{coco.backgrounds}`"
    assert stated["unlabelled"] == f"YOLO `{yolo.unlabelled}`, COCO `{coco.unlabelled}`"
    assert stated["orphan_labels"] == f"`{yolo.orphan_labels}`"
    assert stated["rows"] == f"`{yolo.rows}`"
    assert stated["split_seed"] == f"`{yolo.split_seed}`"
    assert stated["max_megapixels"] == f"`{yolo.max_megapixels:g}`"
    assert stated["resize"].startswith("`null`")
    assert stated["splits"].startswith("`null`")
    assert stated["groups"] == "`null`"
    assert (yolo.resize, yolo.splits, yolo.groups, yolo.classes, yolo.imgsz_choices) == (None, None, None, [], [])
    assert set(stated) >= {"classes", "imgsz_choices"}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"names": ["a", "a"]}, "data.names: two classes are called 'a'", id="name twice"),
        pytest.param({"names": ["True"]}, "in quotes", id="a truth value"),
        pytest.param({"groups": "("}, "is no regular expression", id="groups"),
        pytest.param({"rows": "box"}, "data.rows must be one of strict, boxes", id="rows"),
        pytest.param({"max_megapixels": 0}, "data.max_megapixels must be above 0", id="limit"),
    ],
)
def test_what_own_data_cannot_mean_is_refused(changes: dict, reason: str) -> None:
    """Before any file is looked at."""
    with pytest.raises(ConfigError) as caught:
        YoloOptions(**({"name": "x", "path": "y"} | changes))
    assert reason in str(caught.value)
