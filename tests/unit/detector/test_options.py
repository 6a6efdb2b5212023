import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from omegaconf.errors import ValidationError

from src.core.errors import ConfigError
from src.detector.figures import EXAMPLES
from src.detector.options import ModelOptions, TrainOptions


def test_the_schema_is_flat_and_typed():
    """Hydra's own error for a wrong type names the key."""
    config = OmegaConf.structured(TrainOptions)
    with pytest.raises(ValidationError, match="epochs"):
        config.epochs = "many"


def test_a_composed_section_becomes_options_that_know_ultralytics_part():
    """`arguments` holds Ultralytics' names only, ours are beside them."""
    config = OmegaConf.structured(TrainOptions)
    config.lr0, config.device, config.freeze = 0.02, 0, [1, 2]
    options = OmegaConf.to_object(config)
    assert options.device == "0"
    assert options.arguments["lr0"] == 0.02
    assert options.arguments["freeze"] == [1, 2]
    assert not {"objective", "baseline", "device", "resume", "threads"} & set(options.arguments)


def test_options_travel_between_processes():
    """Trials run in processes of their own."""
    assert pickle.loads(pickle.dumps(TrainOptions(lr0=0.5))).lr0 == 0.5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"lr0": 0.0}, r"train\.lr0=0\.0: a learning rate is greater than 0", id="lr0 of zero"),
        pytest.param({"lr0": float("nan")}, r"train\.lr0=nan", id="lr0 not a number"),
        pytest.param({"imgsz": 16}, r"train\.imgsz=16: expected at least 32", id="imgsz below the stride"),
        pytest.param({"epochs": 0}, r"train\.epochs=0: expected at least 1", id="no epochs"),
        pytest.param({"mosaic": 1.5}, r"train\.mosaic=1\.5: expected a number from 0 to 1", id="a probability above 1"),
        pytest.param({"mosaic": float("nan")}, r"train\.mosaic=nan", id="a probability not a number"),
        pytest.param({"optimizer": "AdmW"}, "Did you mean 'AdamW'", id="unknown optimizer"),
        pytest.param({"batch": 2.5}, r"train\.batch=2\.5", id="half an image"),
        pytest.param({"batch": 0, "nbs": 0}, r"train\.batch=0", id="no image, and what follows from it"),
        pytest.param({"batch": float("inf")}, r"train\.batch=inf", id="endless batch"),
        pytest.param({"box": float("nan")}, r"train\.box=nan: expected a number", id="no number"),
        pytest.param({"batch": -2}, r"train\.batch=-2", id="negative batch other than -1"),
        pytest.param({"device": "0,1"}, "one device", id="two devices"),
        pytest.param({"threads": 0}, r"train\.threads=0", id="no threads"),
        pytest.param({"objective": "val/mAP5"}, "Did you mean 'val/mAP50'", id="unknown objective"),
        pytest.param({"objective": ["val/mAP50", "speed"]}, "speed is no metric", id="one of several unknown"),
        pytest.param({"objective": []}, "at least one", id="no objective"),
        pytest.param({"objective": 5}, "5 is no metric", id="a number as an objective"),
        pytest.param({"objective": ["val/F1", None]}, "None is no metric", id="nothing as an objective"),
        pytest.param({"constraints": "latency_ms <= 30"}, "write it as", id="constraints that are no mapping"),
    ],
)
def test_values_that_cannot_work_are_refused_with_key_and_remedy(settings, message):
    """Before any data or weights are touched."""
    with pytest.raises(ConfigError, match=message):
        TrainOptions(**settings)


@given(st.lists(st.sampled_from(EXAMPLES), min_size=1, max_size=3))
def test_several_objectives_keep_their_order(names):
    """A search with several objectives gets its values in the order asked for."""
    assert TrainOptions(objective=names).objectives == tuple(names)


@pytest.mark.parametrize("device", ["cpu", "mps", "0", "3", "cuda", "cuda:1", None])
def test_one_device_in_any_usual_spelling(device):
    """As Ultralytics and torch spell it."""
    assert TrainOptions(device=device).device == device


def test_a_model_needs_weights_or_an_architecture():
    """Neither is an error that says what to set."""
    with pytest.raises(ConfigError, match=r"model\.weights=yolov8n\.pt"):
        ModelOptions()


def test_the_schema_of_a_model_does_not_demand_them_yet():
    """The file that extends it does."""
    config = OmegaConf.structured(ModelOptions)
    config.weights = "a.pt"
    assert OmegaConf.to_object(config) == ModelOptions(weights="a.pt")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        pytest.param({"architecture": "yolov8n"}, "expected an Ultralytics model file", id="architecture"),
        pytest.param({"weights": "a.pt", "sha256": "F59B"}, "64 hexadecimal digits", id="sha256"),
    ],
)
def test_a_model_that_cannot_be_is_refused(settings, message):
    """Naming the key."""
    with pytest.raises(ConfigError, match=message):
        ModelOptions(**settings)


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ("yolov8n.pt", "yolov8s.pt"),
        ("yolo11x.pt", "yolo11s.pt"),
        ("/data/mine/yolo26n.pt", "/data/mine/yolo26s.pt"),
        ("yolov5nu.pt", "yolov5su.pt"),
        ("yolov9t.pt", "yolov9s.pt"),
    ],
)
def test_a_size_takes_the_place_of_the_one_in_the_names(weights, expected):
    assert ModelOptions(weights=weights, size="s").weights == expected
    assert ModelOptions(weights=expected, size="s").weights == expected, "what is frozen is read again"


def test_a_size_is_that_of_the_architecture_too():
    assert ModelOptions(architecture="yolov8n-p2.yaml", size="m").architecture == "yolov8m-p2.yaml"


@pytest.mark.parametrize(("weights", "size"), [("mine.pt", "s"), ("yolo11n.pt", "small"), ("yolov3-tiny.pt", "s")])
def test_a_size_that_would_have_no_effect_is_refused(weights, size):
    with pytest.raises(ConfigError, match=rf"model\.size={size}: expected one letter.*The model is {weights}"):
        ModelOptions(weights=weights, size=size)
