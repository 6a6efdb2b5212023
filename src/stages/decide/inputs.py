"""What the stage `decide` reads: the earlier stages' files, what the study had found, what the data set holds."""

import logging
from pathlib import Path

from src.config.provenance import Provenance
from src.core.errors import DataError
from src.data.prepared import read_manifest
from src.decision.options import DecideOptions
from src.documents.evidence import Evidence
from src.documents.latency import Backend
from src.documents.manifest import Manifest
from src.documents.study_record import StudyRecord

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
        return f"What the study {provenance.study} had found is not available: {error}"
    if record.study != provenance.study:
        return f"{provenance.study_record} is about the study {record.study}, not {provenance.study}: freeze again."
    return record


def read_data(folder: Path, digest: str | None) -> Manifest | str:
    """What the prepared data set holds; or why that is not known.

    Args:
        folder: The data set.
        digest: What the candidate was trained on; other data says nothing about it.
    """
    try:
        manifest = read_manifest(folder)
    except DataError as error:
        return f"The prepared data is not available: {error}"
    return manifest if manifest.digest == digest else f"{folder} holds other data than the model was trained on."
