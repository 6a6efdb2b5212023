"""`report`, `freeze` and `confirm` on studies in storages that are no journal and no plain URL."""

import optuna
import pytest
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig
from optuna_search import open_study
from support.proxy import proxy

from src import freeze, report
from src.config import app, schema
from src.stages.confirm import stage as confirmation
from src.stages.confirm.options import ConfirmOptions
from src.stages.confirm.record import save
from src.study.confirmed import confirmation_of
from tests.unit.study.studies import StudyMaker


@pytest.fixture(params=["a proxy", "a mapping"])
def override(request, tmp_path, monkeypatch):
    """What sets the storage of a study `people` with two trials; trial 1 is the better one."""
    monkeypatch.chdir(tmp_path)
    made = StudyMaker(tmp_path)
    for number, share in enumerate((0.5, 0.75)):
        folder = tmp_path / str(number)
        (folder / ".hydra").mkdir(parents=True)
        (folder / ".hydra" / "overrides.yaml").write_text(yaml.safe_dump([f"train.imgsz={96 + 32 * number}"]))
        made.trial(share, folder=str(folder))
    url = f"sqlite:///{tmp_path}/studies.db"
    optuna.copy_study(from_study_name="people", from_storage=made.study._storage, to_storage=url)
    if request.param == "a mapping":
        yield f"hydra.sweeper.storage={{_target_:optuna.storages.RDBStorage,url:'{url}'}}"
        return
    with proxy(optuna.storages.get_storage(url)) as address:
        yield f"hydra.sweeper.storage={address}"


def composed(command: str, override: str) -> DictConfig:
    schema.register()
    with initialize_config_dir(app.ROOT["config_path"], version_base="1.3"):
        return compose(command, overrides=["study=people", override], return_hydra_config=True)


def test_report_reads_it(override, tmp_path, capsys):
    HydraConfig.instance().set_config(composed("report", override))
    report._study(report.ReportArguments(study="people", folder=str(tmp_path / "report")))
    assert (tmp_path / "report" / "report.html").is_file()
    assert "people" in capsys.readouterr().out


def test_freeze_reads_it(override):
    content = yaml.safe_load(freeze.freeze(["+study=people", override]).text)
    assert content["train"]["imgsz"] == 128
    assert content["provenance"]["storage"].startswith(("grpc://127.0.0.1", "sqlite:///"))


def test_confirm_reads_it_and_what_it_has_trained(override, monkeypatch):
    """The sweeps themselves are run elsewhere: here each leaves its study in the same storage."""
    storage = composed("confirm", override).hydra.sweeper.storage
    made = []

    def leave_study(arguments):
        name = next(a.partition("=")[2].strip('"') for a in arguments if a.startswith("hydra.sweeper.study_name="))
        (url,) = {path.name for path in confirmation.Path.cwd().glob("*.db")}
        study = optuna.create_study(study_name=name, storage=f"sqlite:///{url}", direction="maximize")
        for seed in (8, 9):
            params, kinds = {"train.seed": seed}, {"train.seed": optuna.distributions.IntDistribution(0, 99)}
            study.add_trial(optuna.trial.create_trial(value=0.6, params=params, distributions=kinds))
        made.append(name)

    monkeypatch.setattr(confirmation.sweep, "run", leave_study)
    job = confirmation.ConfirmJob(ConfirmOptions("people", top=1, seeds=[8, 9]), storage)
    outcome = confirmation.train_and_judge(job, tell=lambda _: None)
    assert made == ["people-confirm-1"]
    assert outcome.found.winner == 1
    assert outcome.found.settings[0].values == {"8": 0.6, "9": 0.6}
    save(outcome, storage)
    assert confirmation_of(open_study(storage, "people")) == outcome.found
