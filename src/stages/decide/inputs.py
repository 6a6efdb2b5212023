"""What the stage `decide` reads: the earlier stages' files, what the study had found, the pictures of the splits."""

import logging
from collections.abc import Mapping
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from src.config.provenance import Provenance
from src.core.errors import DataError
from src.data.near_duplicates import COLUMNS, ROWS, near_duplicates
from src.data.prepared import read_manifest
from src.decision.options import DecideOptions
from src.decision.overlap import Overlap, Pair
from src.documents.evidence import Evidence
from src.documents.latency import Backend
from src.documents.study_record import StudyRecord

_IMAGES = "images/"

_logger = logging.getLogger(__name__)


def read_evidence(options: DecideOptions) -> Evidence:
    """What the earlier stages measured.

    Raises:
        DataError: a document is missing or broken, or they are about different data.
    """
    return Evidence.read(
        training=Path(options.training),
        evaluation=Path(options.evaluation),
        threshold=Path(options.threshold),
        backend=Backend(options.backend),
    )


def read_record(provenance: Provenance) -> StudyRecord | str:
    """What the study that the candidate came from had found when the configuration was frozen; or why not.

    The study itself is not asked: it may be on another machine, and what is added to it later must not change what the
    same configuration gives.
    """
    if provenance.study is None:
        return "The configuration was not frozen from a study, so that there are no runners-up."
    try:
        record = StudyRecord.read(Path(provenance.study_record).parent)
    except DataError as error:
        _logger.warning("The report goes without the runners-up: %s", error)
        return f"What the study {provenance.study} had found is not at hand: {error}"
    if record.study != provenance.study:
        return f"{provenance.study_record} is about the study {record.study}, not {provenance.study}: freeze again."
    return record


def read_overlap(folder: Path, digest: str | None) -> Overlap | str:
    """Which pictures of a prepared data set are in two splits; or why that is not known.

    Args:
        folder: The data set.
        digest: What the candidate was trained on; other data says nothing about it.
    """
    try:
        manifest = read_manifest(folder)
    except DataError as error:
        return f"The prepared data is not at hand: {error}"
    if manifest.digest != digest:
        return f"{folder} holds other data than the model was trained on."
    files = {path: content for path, content in manifest.files.items() if path.startswith(_IMAGES)}
    by_split: dict[str, list[str]] = {}
    for path in sorted(files):
        by_split.setdefault(_split(path), []).append(path)
    try:
        thumbnails = {split: _thumbnails(folder, paths) for split, paths in by_split.items()}
    except OSError as error:
        return f"A picture of {folder} cannot be read: {error}"
    same = _equal_files(files)
    alike = tuple(
        pair
        for split, number, other, other_number in near_duplicates(thumbnails)
        if (pair := Pair(by_split[split][number], split, by_split[other][other_number], other)) not in same
    )
    return Overlap(tuple(same), alike, len(files))


def _equal_files(files: Mapping[str, str]) -> list[Pair]:
    """All pairs of files with the same content in different splits."""
    by_content: dict[str, list[str]] = {}
    for path, content in sorted(files.items()):
        by_content.setdefault(content, []).append(path)
    return [
        Pair(a, _split(a), b, _split(b))
        for paths in by_content.values()
        for a, b in combinations(paths, 2)
        if _split(a) != _split(b)
    ]


def _split(path: str) -> str:
    return path.split("/")[1]


def _thumbnails(folder: Path, paths: list[str]) -> NDArray[np.float64]:
    """The pictures' grey values at the size at which near duplicates are looked for, (N, ROWS, COLUMNS)."""
    pictures = np.empty((len(paths), ROWS, COLUMNS))
    for number, path in enumerate(paths):
        with Image.open(folder / path) as picture:
            picture.draft("L", (8 * COLUMNS, 8 * ROWS))  # a JPEG is decoded no larger than needed
            pictures[number] = np.asarray(picture.convert("L").resize((COLUMNS, ROWS), Image.Resampling.BOX))
    return pictures
