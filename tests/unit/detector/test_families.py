"""Which models are taken, before anything is loaded."""

import zipfile
from pathlib import Path

import pytest

from src.core.errors import ConfigError
from src.detector.families import check_architecture, check_weights, is_rtdetr
from src.detector.options import ModelOptions
from src.detector.weights import starting_weights

ONE_SENTENCE = r"^[^\n;]*; the project trains detectors, of the families [^\n.]*\.$"


@pytest.mark.parametrize(
    "name",
    [
        *("yolov3-tiny.yaml", "yolov5n.yaml", "yolov5n6.yaml", "yolov6n.yaml", "yolov8n.yaml", "yolov8s-p2.yaml"),
        *("yolov8n-ghost.yaml", "yolov9t.yaml", "yolov9s.yaml", "yolov10n.yaml", "yolo11n.yaml", "yolo11x.yaml"),
        *("yolo12m.yaml", "yolo26n.yaml", "yolo26n-p6.yaml", "rtdetr-l.yaml", "rtdetr-resnet50.yaml"),
        "yolov8n-rtdetr.yaml",
    ],
)
def test_detectors_of_ultralytics_are_known(name: str) -> None:
    """With the letter of a scale, which Ultralytics takes out of the name of the file."""
    check_architecture(name)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("yolo11n-seg.yaml", "Segment"),
        ("yolov8n-world.yaml", "WorldDetect"),
        ("yolov8n-worldv2.yaml", "WorldDetect"),
        ("yolo11n-pose.yaml", "Pose"),
        ("yolo11n-obb.yaml", "OBB"),
        ("yolov8n-cls.yaml", "Classify"),
        ("yolo11-cls-resnet18.yaml", "Classify"),
        ("yoloe-11s.yaml", "YOLOEDetect"),
        ("yoloe-11s-seg.yaml", "YOLOESegment"),
        ("yolo26n-depth.yaml", "Depth"),
        ("yolo26n-sem.yaml", "SemanticSegment"),
    ],
)
def test_other_tasks_and_families_are_refused(name: str, head: str) -> None:
    """In one sentence that says what works."""
    with pytest.raises(ConfigError, match=ONE_SENTENCE) as caught:
        check_architecture(name)
    assert f"model.architecture={name} ends in {head}," in str(caught.value)


def test_a_file_of_ones_own_is_read(tmp_path: Path) -> None:
    """By the head that it describes."""
    file = tmp_path / "mine.yaml"
    file.write_text("head: [[-1, 1, Conv, [8]], [[1, 2], 1, Detect, [nc]]]\n")
    check_architecture(str(file))
    file.write_text("head: [[[1, 2], 1, Segment, [nc]]]\n")
    with pytest.raises(ConfigError, match="ends in Segment"):
        check_architecture(str(file))
    for nothing in ("", "head: []", "head: [1]", "- a", "{", "head: {a: b}"):
        file.write_text(nothing)
        with pytest.raises(ConfigError, match="is no model file of Ultralytics"):
            check_architecture(str(file))


def test_an_architecture_that_does_not_exist_is_refused_with_the_nearest() -> None:
    """Instead of Ultralytics' search for it."""
    with pytest.raises(ConfigError, match=r"there is no such file .* Did you mean 'yolo11n\.yaml'\?"):
        check_architecture("yolo11nn.yaml")
    with pytest.raises(ConfigError, match="there is no such file"):
        check_architecture("folder/yolov8n.yaml")


def checkpoint(path: Path, name: str, module: str = "ultralytics.nn.tasks", protocol: int = 2) -> Path:
    """A file as torch writes it, with an object of a class of that name, which need not exist."""
    one, other = module.encode(), name.encode()
    by_texts = b"\x8c%c%b\x94\x8c%c%b\x94\x93" % (len(one), one, len(other), other)
    named = by_texts if protocol > 3 else b"c%b\n%b\n" % (one, other)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("best/data.pkl", b"\x80%c%b)\x81." % (protocol, named))
    return path


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_weights_are_known_by_the_model_in_them(tmp_path: Path, protocol: int) -> None:
    """Whatever protocol the pickle has; nothing of it is loaded."""
    good = checkpoint(tmp_path / "good.pt", "DetectionModel", protocol=protocol)
    assert starting_weights(ModelOptions(weights=str(good))) == good
    for name in (
        "SegmentationModel",
        "PoseModel",
        "OBBModel",
        "ClassificationModel",
        "WorldModel",
    ):
        other = checkpoint(tmp_path / "other.pt", name, protocol=protocol)
        with pytest.raises(ConfigError, match=ONE_SENTENCE) as caught:
            starting_weights(ModelOptions(weights=str(other)))
        assert f"holds a {name};" in str(caught.value)


def test_rt_detr_is_told_by_its_head_or_by_the_model_in_a_file(tmp_path: Path) -> None:
    """Ultralytics has classes of its own for it."""
    assert is_rtdetr(None, "rtdetr-l.yaml")
    assert not is_rtdetr(None, "yolov8n.yaml")
    assert not is_rtdetr(None, None)
    for name, expected in (("RTDETRDetectionModel", True), ("DetectionModel", False)):
        weights = checkpoint(tmp_path / "weights.pt", name)
        assert starting_weights(ModelOptions(weights=str(weights))) == weights
        assert is_rtdetr(weights, "rtdetr-l.yaml" if name == "DetectionModel" else None) == expected


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    """A text, other archives, YOLOv5's own and weights alone, as of SAM."""
    text = tmp_path / "text.pt"
    text.write_text("version https://git-lfs.github.com/spec/v1\n")
    archive = tmp_path / "archive.pt"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("readme.txt", "nothing")
    own = checkpoint(tmp_path / "yolov5.pt", "Model", module="models.yolo")
    for path, what in ((text, "is no checkpoint"), (archive, "is no checkpoint"), (own, "holds no model")):
        with pytest.raises(ConfigError, match=ONE_SENTENCE) as caught:
            check_weights(path, "model.weights")
        assert f"model.weights={path} {what} of Ultralytics" in str(caught.value)
    assert "model.trust_pickle=true" in str(caught.value)


@pytest.mark.parametrize(
    "name", ["no/such.pt", "samples/yolov8n.pt", "nasa.pt", "sample.pt", "my-seg.pt", "world/yolo11n-seg.pt"]
)
def test_a_path_that_does_not_exist_is_told_as_such(name: str) -> None:
    """Whatever its folders are called."""
    with pytest.raises(ConfigError, match="there is no such file"):
        starting_weights(ModelOptions(weights=name))


@pytest.mark.parametrize(
    "name",
    [
        *("yolo11n-seg.pt", "yolov8s-worldv2.pt", "yolov8s-world.pt", "yoloe-11s-seg.pt", "sam_b.pt"),
        *("sam2.1_b.pt", "mobile_sam.pt", "FastSAM-s.pt", "yolo_nas_s.pt", "yolo26n-pose.pt", "yolov8n-obb.pt"),
    ],
)
def test_public_weights_of_others_are_not_downloaded(name: str) -> None:
    """Their names say enough, whether their digest is given or not."""
    with pytest.raises(ConfigError, match=ONE_SENTENCE):
        starting_weights(ModelOptions(weights=name, sha256="0" * 64))


def test_own_classes_are_trusted(tmp_path: Path) -> None:
    """They may have any name."""
    own = checkpoint(tmp_path / "own.pt", "Model", module="own")
    assert starting_weights(ModelOptions(weights=str(own), trust_pickle=True)) == own
