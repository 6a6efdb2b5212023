"""Cross-validation with real, tiny trainings on drawn images."""

import pytest

from src.core.errors import ConfigError
from src.data.build import ensure_prepared
from src.data.options import SyntheticOptions
from src.detector.options import ModelOptions, TrainOptions
from src.stages.evaluate.cross_validation import cross_validate

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp("data")
    return ensure_prepared(
        SyntheticOptions(
            name="tiny",
            root=str(root),
            classes=["person"],
            splits={"train": 16, "val": 8, "test": 4},
            backgrounds="keep",
            imgsz_choices=[64],
            images=28,
            side=64,
        )
    )


def _files(data):
    return {path.relative_to(data.root): path.read_bytes() for path in data.root.rglob("*") if path.is_file()}


def _cross_validated(data, model, imgsz=64, lr0=0.01):
    train = TrainOptions(
        epochs=1, imgsz=imgsz, batch=8, optimizer="SGD", lr0=lr0, device="cpu", threads=1, workers=0, mosaic=0.0
    )
    return cross_validate(data, train, model, folds=2, seed=3)


def test_each_image_of_train_and_val_is_judged_by_a_training_that_did_not_see_it(data):
    """Two trainings, figures for each, and a data folder that is as it was."""
    before = _files(data)
    result = _cross_validated(data, ModelOptions(architecture="yolov8n.yaml"))
    assert _files(data) == before
    assert [fold.images for fold in result.folds] == [12, 12]
    assert sum(fold.boxes for fold in result.folds) == data.counts["train"].boxes + data.counts["val"].boxes
    assert result.map50.n == 2
    for fold in result.folds:
        assert 0 <= fold.map50_95 <= fold.map50 <= 1


@pytest.mark.slow
def test_good_weights_stay_good_in_every_fold(real_data, coco128):
    """Real photographs, the pretrained weights, one gentle epoch: figures like those of the weights themselves."""
    data = ensure_prepared(coco128.options())
    result = _cross_validated(data, ModelOptions(weights=str(real_data / "yolov8n.pt")), imgsz=160, lr0=0.0001)
    assert [fold.images for fold in result.folds] == [25, 25]
    assert [fold.map50 for fold in result.folds] == pytest.approx([0.45, 0.45], abs=0.2)
    assert result.folds[0].map50_95 != result.folds[1].map50_95


def test_more_folds_than_images_are_refused(data):
    with pytest.raises(ConfigError, match=r"evaluate\.folds=25: expected 2 to 24 folds"):
        cross_validate(data, TrainOptions(), ModelOptions(architecture="yolov8n.yaml"), folds=25, seed=0)
