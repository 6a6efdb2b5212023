"""Whether a setting survived the confirmation of its study."""

from dataclasses import replace

import pytest

from src.documents.findings import Status
from src.study.confirmed import CONFIRMATION
from src.study.record import record_of
from src.study.survival import check_survival
from tests.unit.study.test_confirmed import found


@pytest.fixture
def record(made):
    """A study whose trials 0 to 3 have other learning rates, of which 0 and 1 were confirmed, and 1 is the better."""
    for trial in range(4):
        made.trial(0.5, params={"train.lr0": 0.01 * (trial % 3 + 1), "train.imgsz": 160})
    made.study.set_user_attr(CONFIRMATION, found(0.5, 0.6).as_json())
    return record_of(made.view)


def test_the_record_holds_the_trials_and_the_confirmation(record):
    assert (record.study, record.objective, record.maximize) == ("people", "val/mAP50-95", True)
    assert [training.number for training in record.trainings] == [0, 1, 2, 3]
    assert record.trainings[0].params == {"train.lr0": "0.01", "train.imgsz": "160"}
    assert record.trainings[0].metrics["untrained/val/mAP50-95"] == 0.5
    assert record.confirmation == found(0.5, 0.6)


def test_the_record_is_read_as_it_was_written(record, tmp_path):
    record.write(tmp_path)
    assert type(record).read(tmp_path) == record


@pytest.mark.parametrize(
    ("trial", "status", "said"),
    [
        pytest.param(1, Status.OK, "It is the best of 2: val/mAP50-95 0.6020 over 3 fresh seeds", id="the winner"),
        pytest.param(0, Status.WARNING, "The setting of trial 1 did: 0.6020, +0.1000", id="not the winner"),
        pytest.param(3, Status.WARNING, "The setting of trial 3 did not survive", id="another trial of that setting"),
        pytest.param(2, Status.UNKNOWN, "trials 0, 1 again, not that of trial 2", id="not among them"),
    ],
)
def test_the_setting_of_a_trial_is_looked_up(record, trial, status, said):
    finding = check_survival(record, trial)
    assert finding.status == status
    assert said in finding.sentence


def test_what_is_not_known_is_said_so(record):
    assert "python -m src.confirm study=people" in check_survival(replace(record, confirmation=None), 0).sentence
    assert check_survival(None, 0).status == Status.UNKNOWN
