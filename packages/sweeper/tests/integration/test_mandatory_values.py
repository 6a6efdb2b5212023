"""What the configuration leaves open (`???`) may come from the search, also where other settings refer to it."""

import pytest
from support.where import notes, sweep

pytestmark = pytest.mark.integration

OPTUNA = ("hydra/sweeper=optuna", "hydra.sweep.dir=runs", "hydra.job.chdir=true")
EACH_ONCE = ("hydra/sweeper/sampler=grid", "hydra.sweeper.n_trials=9")


@pytest.mark.parametrize(("mode", "isolation"), [("slots", "process"), ("batch", "none")])
def test_a_mandatory_group_and_a_missing_value_are_searched(tmp_path, mode, isolation):
    settings = (f"hydra.sweeper.mode={mode}", f"hydra.sweeper.isolation={isolation}", "hydra.sweeper.n_jobs=2")
    folders = "hydra.sweep.subdir=${hydra.job.num}-${db.name}-${twice}"
    sweep(tmp_path, *OPTUNA, *EACH_ONCE, *settings, folders, "db=choice(mysql,pg)", "x=choice(1,2)")
    found = notes(tmp_path)
    assert {noted["label"] for noted in found.values()} == {"mysql/1", "mysql/2", "pg/1", "pg/2"}
    for path, noted in found.items():
        assert path.split("/")[1].partition("-")[2] == noted["label"].replace("/", "-")
        assert noted["settings"]["twice"] == noted["settings"]["x"]


def test_they_may_be_conditions_too_and_retries_are_checked_beside_them(tmp_path):
    retried = "hydra.sweeper.retry_overrides=['db.size=1']"
    sampler = "hydra/sweeper/sampler=brute_force"
    sweep(tmp_path, "--config-name=conditional", *OPTUNA[1:], sampler, retried, "db=choice(mysql,pg)")
    labels = {noted["label"] for noted in notes(tmp_path).values()}
    assert labels == {"mysql/1", "mysql/2", "pg/8", "pg/9"}
