"""What is said on the command line is checked before Hydra composes it."""

import pytest

from src.config.keys import check_keys, without_schemas
from src.core.errors import ConfigError


def test_an_unknown_training_argument_is_refused_with_the_nearest_one():
    with pytest.raises(ConfigError, match=r"'train\.lr' is not a setting.*Did you mean 'lr0' or 'lrf'"):
        check_keys(["train.lr=0.1"])


@pytest.mark.parametrize(
    "argument",
    [
        pytest.param("train.lr0=0.1", id="a known key"),
        pytest.param("train.lr0=tag(log,interval(1e-4,1e-2))", id="a known key that is searched"),
        pytest.param("hydra.sweeper.n_trials=3", id="Hydra's own"),
        pytest.param("train=default", id="a group"),
        pytest.param("--cfg", id="an option"),
        pytest.param("]not an override[", id="what Hydra will refuse itself"),
    ],
)
def test_other_arguments_are_left_to_hydra(argument):
    check_keys([argument])


@pytest.mark.parametrize("option", [["-cn", "params"], ["--config-name=params"]])
def test_a_frozen_configuration_is_not_mixed_with_another_choice(option):
    with pytest.raises(ConfigError, match="would mix the two"):
        check_keys(["-cd", ".", *option, "decide=production"])

    check_keys(["-cd", ".", *option, "decide.backend=onnx", "tracking=none"])


@pytest.mark.parametrize("prefix", ["", "+", "++", "~"])
@pytest.mark.parametrize(
    ("key", "meant"),
    [
        pytest.param("lr0", "train.lr0", id="a training argument without its section"),
        pytest.param("epochs", "train.epochs", id="another one"),
        pytest.param("path", "data.path", id="a setting of the data"),
        pytest.param("serch", "'search'", id="a group"),
        pytest.param("tain.lr0", "'train'", id="a section"),
        pytest.param("anything", "There are: ", id="nothing near"),
    ],
)
def test_a_key_that_nothing_reads_is_refused_with_what_was_meant(prefix, key, meant):
    """Also one that is appended, which Hydra would accept without an effect."""
    with pytest.raises(ConfigError, match="nothing would read it") as caught:
        check_keys([f"{prefix}{key}=0.001,0.01"])
    assert meant in str(caught.value)


def test_a_file_that_a_group_does_not_have_is_refused_without_listing_schemas():
    with pytest.raises(ConfigError, match=r"Did you mean 'yolov8n'") as caught:
        check_keys(["model=yolo8n"])
    assert "schema_" not in str(caught.value)
    with pytest.raises(ConfigError, match=r"conf/data has no 'coco'"):
        check_keys(["data=synthetic_person,coco"])
    with pytest.raises(ConfigError, match=r"conf/experiment has no 'x'\. It has: nothing yet"):
        check_keys(["+experiment=x"])


def test_a_search_over_files_that_set_up_the_search_is_refused():
    with pytest.raises(ConfigError, match=r"it would have no effect\. Run one search for each"):
        check_keys(["search=default,seed_grid"])
    check_keys(["search=seed_grid"])
    check_keys(["model=yolov8n,yolov8n_scratch"])


def test_arguments_of_a_command_are_known_to_that_command_only():
    check_keys(["study=mine", "top=2"], "confirm")
    with pytest.raises(ConfigError, match="nothing would read it"):
        check_keys(["top=2"])


def test_a_section_cannot_be_deleted_and_a_group_without_one_has_no_keys():
    """Both would be a traceback, or without effect."""
    with pytest.raises(ConfigError, match=r"'~tracking' would delete the section.*tracking=NAME: local, none, server"):
        check_keys(["~tracking"])
    with pytest.raises(ConfigError, match=r"'search\.lr': search is a group of files and has no keys"):
        check_keys(["+search.lr=1"])
    check_keys(["~search", "~data.splits.test"])


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("model=glob(*)", "model=glob([*],exclude=[schema_*])"),
        ("model=glob([yolo11*,yolo26*],exclude=*x)", "model=glob([yolo11*,yolo26*],exclude=[*x,schema_*])"),
        ("train.lr0=0.1", "train.lr0=0.1"),
        ("model=yolov8n", "model=yolov8n"),
        ("--multirun", "--multirun"),
    ],
)
def test_glob_means_the_files_of_a_group_and_not_its_schemas(argument, expected):
    assert without_schemas([argument]) == [expected]


def test_a_key_of_a_group_of_files_is_answered_with_the_section_that_has_it():
    with pytest.raises(ConfigError, match=r"Did you mean train\.constraints"):
        check_keys(["search.constraints={latency_ms:'<= 30'}"])
