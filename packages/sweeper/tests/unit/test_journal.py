"""A journal stays readable whatever happens while it is written."""

import json
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna_search.errors import StudyError
from optuna_search.study.journal import JournalFile
from optuna_search.study.storages import open_storage

# Writes attributes until the file may grow no more, as on a full disk, and then goes on as after a look at the disk.
FILL = """
import resource, signal, sys
import optuna
from optuna_search.study.storages import open_storage
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
study = optuna.load_study(study_name="s", storage=open_storage("journal:" + sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), resource.RLIM_INFINITY))
kept = 0
try:
    while True:
        study.set_user_attr(f"key {kept}", "x" * 100)
        kept += 1
except OSError:
    print(kept)
"""


@pytest.fixture
def journal(tmp_path) -> Path:
    optuna.create_study(study_name="s", storage=open_storage(f"journal:{tmp_path}/o.journal"))
    return tmp_path / "o.journal"


def test_a_full_disk_leaves_whole_records(journal):
    """What was written before stays, what did not fit is not there, and the study goes on."""
    done = subprocess.run(
        [sys.executable, "-c", FILL, str(journal), "5000"], capture_output=True, text=True, check=True
    )
    kept = int(done.stdout)
    study = optuna.load_study(study_name="s", storage=open_storage(f"journal:{journal}"))

    assert kept > 10
    assert list(study.user_attrs) == [f"key {number}" for number in range(kept)]
    study.set_user_attr("after", 1)
    assert study.user_attrs["after"] == 1


@given(cut=st.integers(1, 40))
def test_half_a_record_is_cut_off_by_the_next(tmp_path_factory, cut):
    """As a machine leaves it that stopped while it wrote."""
    path = tmp_path_factory.mktemp("journal") / "o.journal"
    study = optuna.create_study(study_name="s", storage=open_storage(f"journal:{path}"))
    study.set_user_attr("first", 1)
    study.set_user_attr("second", "x" * 30)
    path.write_bytes(path.read_bytes()[:-cut])

    optuna.load_study(study_name="s", storage=open_storage(f"journal:{path}")).set_user_attr("third", 3)

    attributes = optuna.load_study(study_name="s", storage=open_storage(f"journal:{path}")).user_attrs
    assert attributes == {"first": 1, "third": 3}
    assert all(json.loads(line) for line in path.read_text().splitlines())


@pytest.mark.parametrize(
    "line", ['{"op_code": 2, "worker_i{"op_code": 2}', "5", "[1]", "{}", "null", '{"op_code": 99, "worker_id": "x"}']
)
def test_a_line_that_is_no_record_is_named(journal, line):
    """By file and line, with what to do."""
    with journal.open("a") as file:
        file.write(f"{line}\n{{}}\n")
    with pytest.raises(StudyError, match=r"o\.journal:2: this line is no record .* delete the line"):
        list(JournalFile(journal).read_logs(0))
