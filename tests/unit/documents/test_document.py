"""A document is read as it was written, and refused by file and key otherwise."""

import json
from dataclasses import replace

import pytest

from src.core.errors import DataError
from src.documents.confirmation import ConfirmationDocument
from src.documents.decision import Decision
from src.documents.evaluation import Evaluation
from src.documents.latency import Latency
from src.documents.manifest import Manifest
from src.documents.monitor import Monitor, MonitoringReference
from src.documents.threshold import Threshold
from src.documents.training import Training
from tests.support import documents

WRITTEN = {
    Manifest: documents.manifest,
    Training: documents.training,
    Evaluation: documents.evaluation,
    Latency: documents.latency,
    Threshold: documents.threshold,
    Decision: documents.decision,
    ConfirmationDocument: documents.confirmation,
    MonitoringReference: documents.monitoring_reference,
    Monitor: documents.monitor,
}


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_document_is_read_as_it_was_written(kind, tmp_path):
    document = WRITTEN[kind]()
    assert document.write(tmp_path) == tmp_path / kind.FILE
    assert kind.read(tmp_path) == document
    assert json.loads((tmp_path / kind.FILE).read_text())["version"] == kind.VERSION


@pytest.mark.parametrize("kind", WRITTEN)
def test_a_document_without_a_version_is_refused(kind, tmp_path):
    content = WRITTEN[kind]().as_json()
    del content["version"]
    (tmp_path / kind.FILE).write_text(json.dumps(content))
    with pytest.raises(DataError) as error:
        kind.read(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / kind.FILE}: version: the file has no version, expected {kind.VERSION}: run"
        f" `python -m src.{kind.STAGE}` again."
    )


def test_another_version_is_refused(tmp_path):
    (tmp_path / Training.FILE).write_text(json.dumps({**documents.training().as_json(), "version": 99}))
    with pytest.raises(DataError, match=r"training\.json: version: the file has version 99, expected \d+: run"):
        Training.read(tmp_path)


def test_a_broken_value_is_refused_with_file_and_key(tmp_path):
    content = documents.evaluation().as_json()
    content["splits"]["test"]["metrics"]["recall"] = None
    (tmp_path / Evaluation.FILE).write_text(json.dumps(content))
    with pytest.raises(DataError) as error:
        Evaluation.read(tmp_path)
    assert str(error.value) == (
        f"{tmp_path / 'evaluation.json'}: splits.test.metrics.recall: expected an object, found null; run"
        " `python -m src.evaluate` again."
    )


@pytest.mark.parametrize("text", ["{", "[]", "3", "null"])
def test_what_is_no_document_is_refused(text, tmp_path):
    (tmp_path / Threshold.FILE).write_text(text)
    with pytest.raises(DataError, match=r"threshold\.json.*run `python -m src\.tune_threshold` again\.$"):
        Threshold.read(tmp_path)


def test_a_missing_document_is_said_with_what_to_do(tmp_path):
    with pytest.raises(DataError) as error:
        Training.read(tmp_path / "nowhere", otherwise="name its folder with evaluate.training=…")
    assert str(error.value) == (
        f"There is no {tmp_path / 'nowhere' / 'training.json'}: run `python -m src.train`, or name its folder with"
        " evaluate.training=…."
    )


def test_bytes_that_are_no_text_are_refused(tmp_path):
    (tmp_path / Threshold.FILE).write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match=r"threshold\.json cannot be read"):
        Threshold.read(tmp_path)


def test_a_number_that_is_none_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        replace(documents.training(), seconds=float("nan")).write(tmp_path)
    assert not list(tmp_path.iterdir())
