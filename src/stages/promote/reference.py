"""What `python -m src.monitor` compares production with: the pictures that a version was judged by."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from src.data.ground_truth import ground_truth
from src.data.prepared import PreparedData
from src.detector.options import ProjectTrainOptions
from src.detector.predict import PredictionRequest, Predictor, read_image
from src.documents.monitor import MonitoringReference
from src.documents.predictions import TEST, VAL
from src.evaluation.corruptions import corrupt, image_seed
from src.monitoring.drift import power
from src.monitoring.estimated import calibrated
from src.monitoring.scenes import one_each, sums
from src.monitoring.statistics import OF_PICTURES, Statistics, chosen, of_picture, of_pictures, stored
from src.passes.matched import match_at
from src.passes.pictures import look
from src.stages.promote.against_incumbent import DeployedModel
from src.stages.promote.fetch_candidate import FetchedCandidate

_MOST_SCENES = 500  # of a split: more take time and room, and notice little more
_MOST_CORRUPTED = 150
_WINDOWS = (50, 30)  # scenes of a window for which the power is stated: the first that there are enough pictures for


@dataclass(frozen=True, eq=False)
class _Picture:
    """A picture that was judged by, with its labelled boxes in pixels, (N, 4)."""

    path: Path
    boxes_xyxy: NDArray[np.float64]


def monitoring_reference(
    fetched: FetchedCandidate, data: PreparedData, train: ProjectTrainOptions, seed: int
) -> MonitoringReference:
    """Look at val and test once more, and keep what pictures and outputs are like there.

    Args:
        fetched: The model.
        data: What it was trained on and judged by.
        train: The device and threads to look with.
        seed: Of what is random in the corruptions.
    """
    candidate = fetched.candidate
    point = DeployedModel(fetched.predictions, candidate.confidence, candidate.iou).point
    request = PredictionRequest(
        candidate.class_names, candidate.imgsz, weights=fetched.weights, device=train.device, threads=train.threads
    )
    splits = [split for split in (VAL, TEST) if split in data.counts]
    pictures = [picture for split in splits for picture in _one_a_scene(data, split)]
    statistics = look(Predictor(request), (read_image(each.path) for each in pictures), point).statistics
    window = next((size for size in _WINDOWS if len(pictures) >= 2 * size), 0)
    corruptions = candidate.evaluation.robustness if window else ()
    matched = match_at(fetched.predictions, candidate.iou)
    kept = matched.kept(point)
    scenes = [_scene(data, file) for file in matched.truth.files]
    return MonitoringReference(
        made_from=f"{' and '.join(splits)} of {data.name}, {len(pictures)} scenes",
        statistics=stored(statistics),
        calibration=calibrated(matched.records.scores[kept], matched.records.hit[kept]),
        counts=tuple(tuple(map(int, row)) for row in sums(matched.counts(point), scenes)),
        power=_powers(pictures, statistics, sorted(corruptions), window, seed),
        power_scenes=window,
    )


def _one_a_scene(data: PreparedData, split: str) -> list[_Picture]:
    """Pictures of a split, one a scene, evenly from it where there are many."""
    truth = ground_truth(data, split)
    one = one_each([_scene(data, file) for file in truth.files])
    numbers = one[_evenly(len(one), _MOST_SCENES)].tolist()
    return [
        _Picture(data.root / truth.files[number], truth.boxes_xyxy[truth.image_index == number]) for number in numbers
    ]


def _scene(data: PreparedData, file: str) -> str:
    path = Path(file)
    return data.groups.get(f"{path.parent.name}/{path.stem}", file)


def _powers(
    pictures: Sequence[_Picture], clean: Statistics, corruptions: Sequence[str], window: int, seed: int
) -> Mapping[str, float]:
    """How often each corruption is noticed, by the statistics of pictures alone: no further pass is made for it."""
    numbers = _evenly(len(pictures), _MOST_CORRUPTED)
    before = chosen({name: clean[name] for name in OF_PICTURES}, numbers)
    found = {}
    for name in corruptions:
        after = of_pictures([_corrupted(pictures[number], name, seed) for number in numbers])
        found[name] = power(before, after, scenes=window)
    return found


def _corrupted(picture: _Picture, name: str, seed: int) -> tuple[float, ...]:
    image_rgb = read_image(picture.path)[..., ::-1]
    corrupted, _, _ = corrupt(image_rgb, picture.boxes_xyxy, name, image_seed(name, picture.path.name, seed))
    return of_picture(np.ascontiguousarray(corrupted[..., ::-1]))


def _evenly(count: int, most: int) -> NDArray[np.int64]:
    return np.linspace(0, count - 1, min(most, count)).round().astype(np.int64)
