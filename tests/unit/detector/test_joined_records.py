import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from src.core.detection_records import IOU_THRESHOLDS
from src.detector.records import joined_records
from src.detector.validation import channels_by_name


def _noted(names: list[str], detections: list[int]):
    """What a validator notes: on image i, as many detections as asked, of class and score that tell the image.

    Each image has more boxes than detections, five for each letter of its name.
    """
    hits = [np.full((n, len(IOU_THRESHOLDS)), bool(len(name) % 2)) for name, n in zip(names, detections, strict=True)]
    scores = [np.full(n, len(name) / 100) for name, n in zip(names, detections, strict=True)]
    classes = [np.full(n, len(name) % 2, float) for name, n in zip(names, detections, strict=True)]
    targets = [np.full(5 * len(name), len(name) % 2, float) for name in names]
    return names, hits, scores, classes, targets


@given(
    st.lists(st.text("abc", min_size=1, max_size=8), min_size=1, max_size=6, unique=True).flatmap(
        lambda names: st.tuples(
            st.permutations(names), st.lists(st.integers(0, 4), min_size=len(names), max_size=len(names))
        )
    )
)
def test_images_are_numbered_by_name_whatever_the_order_of_validation(case):
    """Two models' records can be compared image by image although they batch images differently."""
    names, detections = case
    records = joined_records(*_noted(list(names), detections), class_count=2)
    by_name = sorted(zip(names, detections, strict=True))
    assert records.image_index.tolist() == [i for i, (_, n) in enumerate(by_name) for _ in range(n)]
    assert [int(row.sum()) for row in records.positives] == [5 * len(name) for name, _ in by_name]
    for image, score, class_, hit in zip(
        records.image_index, records.scores, records.class_index, records.true_positive, strict=True
    ):
        name = by_name[image][0]
        assert (score, class_, hit.all()) == (len(name) / 100, len(name) % 2, len(name) % 2 == 1)


def test_no_detections_at_all_still_have_shapes():
    """An untrained model may find nothing."""
    records = joined_records(*_noted(["a", "bb"], [0, 0]), class_count=3)
    assert records.true_positive.shape == (0, len(IOU_THRESHOLDS))
    assert records.class_index.shape == records.scores.shape == records.image_index.shape == (0,)
    assert records.positives.tolist() == [[0, 5, 0], [10, 0, 0]]


def test_classes_are_mapped_onto_a_pretrained_head_by_name():
    """Spelling variants of the same name are the same class; what the head does not know, it cannot find."""
    head = {0: "person", 1: "traffic light", 2: "dog"}
    assert channels_by_name(["Dog", "helmet", "Traffic_Light"], head) == [2, None, 1]
