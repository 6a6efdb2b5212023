"""Labels that a model contradicts, on the page about a data set that is really prepared."""

import re

import numpy as np

from src.core.detections import RawBoxes
from src.data.build import ensure_prepared
from src.data.ground_truth import ground_truth
from src.data.options import SyntheticOptions
from src.stages.prepare.look import look


class Oracle:
    """A model that sees what is labelled on each image, but nothing on the first, and one object that has no label."""

    known = None

    def raw_boxes(self, images_bgr):
        count = len(list(images_bgr))
        truth = next(t for s in ("train", "val") if (t := ground_truth(self.data, s)).image_count == count)
        seen = truth.image_index > 0
        boxes = np.vstack([truth.boxes_xyxy[seen], [[0, 0, 2, 2]]])
        return RawBoxes(
            image_index=np.append(truth.image_index[seen], count - 1),
            class_index=np.zeros(len(boxes), np.int64),
            scores=np.full(len(boxes), 0.9, np.float32),
            boxes_xyxy=boxes.astype(np.float32),
            input_sizes_wh=truth.sizes_wh,
            sizes_wh=truth.sizes_wh,
        )


def test_labels_that_a_model_contradicts_are_shown(tmp_path):
    options = SyntheticOptions(
        name="people", source="synthetic", root=str(tmp_path), splits={"train": 20, "val": 4}, images=24, side=64,
        backgrounds="keep", imgsz_choices=[32, 640],
    )  # fmt: skip
    data = ensure_prepared(options)
    model = Oracle()
    model.data = data
    unseen = sum(
        len([line for line in label.read_text().splitlines() if line])
        for split in ("train", "val")
        for label in sorted((data.root / "labels" / split).glob("*.txt"))[:1]
    )
    page = look(data, options, tmp_path, model).read_text()
    assert "The model contradicts: no label where the model is sure of an object (2)" in page
    assert unseen > 0
    assert f"a label where the model sees nothing ({unseen})" in page
    doubted = page.split("a label where the model sees nothing (")[-1].split("<h2")[0]
    captions = re.findall(r"<figcaption>(images/[^:]*)", doubted)
    assert len(captions) == len(set(captions)) <= 2  # of each split the first image, with all its labels
    assert "No trained model was asked." not in page
    assert "No trained model was asked." in look(data, options, tmp_path).read_text()
