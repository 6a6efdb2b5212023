import pytest

from src.config import frozen
from src.core.errors import ConfigError
from src.train import validate


def test_a_search_over_architectures_that_weights_override_is_refused():
    """Before anything is prepared or loaded."""
    cfg = frozen.composed(["model=yolov8n", "model.architecture=yolo11n.yaml"])
    with pytest.raises(ConfigError, match=r"model\.architecture has no effect: training starts from model\.weights"):
        validate(cfg, frozenset({"model.architecture"}))


def test_the_search_for_a_model_to_deploy_knows_its_budget_and_its_space():
    cfg = frozen.composed(["search=deploy"])
    assert cfg.train.objective == "deployed/mAP50-95"
    assert cfg.train.constraints == {"latency_ms": "<= 50"}
    assert cfg.hydra.sweeper.direction == "maximize"
    assert set(cfg.hydra.sweeper.params) == {"model.size", "train.imgsz", "train.lr0"}
    tighter = frozen.composed(["search=deploy", 'train.constraints={latency_ms:"<= 20"}'])
    assert tighter.train.constraints == {"latency_ms": "<= 20"}
