"""The candidate against the incumbent, which has the alias, on the same images."""

import numpy as np
import pytest

from src.core.detections import GroundTruth, RawBoxes
from src.core.errors import DataError
from src.documents.predictions import Predictions
from src.stages.promote.against_incumbent import DeployedModel, compare_with_incumbent

IMAGES, SIDE = 40, 96
BOXES = np.tile([[10.0, 10.0, 50.0, 60.0]], (IMAGES, 1))


def deployed(found_share, *, score=0.8, confidence=0.5, images=IMAGES, boxes=BOXES, seed=0):
    """A model that finds the one person on that share of the images, and nothing else."""
    image = np.arange(images)
    found = np.random.default_rng(seed).permutation(images)[: round(found_share * images)]
    found.sort()
    sizes = np.full((images, 2), SIDE)
    return DeployedModel(
        Predictions(
            truth=GroundTruth(
                files=tuple(f"images/test/{number}.png" for number in image),
                sizes_wh=sizes,
                class_names=("person",),
                image_index=image,
                class_index=np.zeros_like(image),
                boxes_xyxy=boxes[:images],
            ),
            raw=RawBoxes(
                image_index=found,
                class_index=np.zeros_like(found),
                scores=np.full(len(found), score, np.float32),
                boxes_xyxy=boxes[found].astype(np.float32),
                input_sizes_wh=sizes,
                sizes_wh=sizes,
            ),
        ),
        confidence,
        0.7,
    )


def compared(candidate, incumbent, challenge=1):
    return compare_with_incumbent(
        candidate, incumbent, version=3, evaluated_here=False, exchanges=200, seed=0, challenge=challenge
    )


@pytest.mark.parametrize(
    ("candidate", "incumbent", "is_won", "said"),
    [
        pytest.param(0.9, 0.5, True, "better", id="better"),
        pytest.param(0.5, 0.9, False, "worse", id="worse"),
        pytest.param(0.725, 0.7, False, "not better beyond chance", id="better by one image"),
    ],
)
def test_the_interval_decides(candidate, incumbent, is_won, said):
    made = compared(deployed(candidate), deployed(incumbent, seed=1))

    assert (made.is_won, made.said) == (is_won, said)
    assert (made.incumbent, made.images) == (3, IMAGES)


def test_a_tie_is_not_won():
    made = compared(deployed(0.7), deployed(0.7))

    assert made.f1.estimate == 0
    assert not made.is_won
    assert "against version 3 on the same 40 images (challenge 1 of it: F1 with a 97.5 % interval" in str(made)


def test_the_tenth_challenger_has_to_be_better_by_more_than_the_first():
    first, tenth = (compared(deployed(0.9), deployed(0.6, seed=1), challenge) for challenge in (1, 10))

    assert first.f1.estimate == tenth.f1.estimate
    assert first.f1.low > tenth.f1.low


def test_each_is_judged_at_its_own_threshold():
    """The same boxes, but the incumbent is operated so that it reports none of them."""
    made = compared(deployed(0.8, score=0.6, confidence=0.5), deployed(0.8, score=0.6, confidence=0.7))

    assert made.is_won
    assert made.f1.estimate == pytest.approx(2 * 32 / (32 + 40))
    assert made.map50_95.estimate == 0


def test_a_class_may_have_a_threshold_of_its_own():
    strict = deployed(0.8, score=0.6, confidence={"person": 0.7, "dog": 0.1})

    assert strict.point.class_scores == (0.7,)
    assert compared(deployed(0.8, score=0.6), strict).is_won


def test_other_images_cannot_be_compared():
    with pytest.raises(DataError, match="same images"):
        compared(deployed(0.8), deployed(0.8, images=IMAGES - 1))
