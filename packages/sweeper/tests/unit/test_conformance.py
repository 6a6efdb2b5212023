"""The sweeper's own storages and trials, by the suites that others run on theirs."""

import multiprocessing
import threading

import optuna
import pytest
from optuna_search.study.storages import open_storage
from optuna_search.testing import CurrentTrialConformance, StorageConformance
from optuna_search.trial.current import NullTrial, StudyTrial, TrialFacts
from optuna_search.trial.process import PipeTrial
from optuna_search.trial.replicates import ReplicateTrial
from support.proxy import proxy


class TestJournal(StorageConformance):
    @pytest.fixture
    def storage(self, tmp_path):
        return f"journal:{tmp_path}/studies"


class TestSqlite(StorageConformance):
    @pytest.fixture
    def storage(self, tmp_path):
        return f"sqlite:///{tmp_path}/studies.db"


class TestMapping(StorageConformance):
    @pytest.fixture
    def storage(self, tmp_path):
        return {"_target_": "optuna.storages.RDBStorage", "url": f"sqlite:///{tmp_path}/studies.db"}


class TestProxy(StorageConformance):
    @pytest.fixture
    def storage(self, tmp_path):
        with proxy(open_storage(f"journal:{tmp_path}/studies")) as address:
            yield address


@pytest.fixture
def study_trial():
    trial = optuna.create_study(study_name="toy").ask()
    return StudyTrial(trial, {"x": trial.suggest_float("x", 0.0, 1.0)})


class TestNullTrial(CurrentTrialConformance):
    @pytest.fixture
    def trial(self):
        return NullTrial()


class TestStudyTrial(CurrentTrialConformance):
    @pytest.fixture
    def trial(self, study_trial):
        return study_trial


class TestReplicateTrial(CurrentTrialConformance):
    @pytest.fixture
    def trial(self, study_trial):
        return ReplicateTrial(study_trial, "seed=1")


class TestPipeTrial(CurrentTrialConformance):
    @pytest.fixture
    def trial(self, study_trial):
        """A thread answers in the worker's place."""
        ours, theirs = multiprocessing.Pipe()

        def serve():
            while True:
                name, arguments = ours.recv()
                if name == "end":
                    return
                ours.send((getattr(study_trial, name)(*arguments), None))

        worker = threading.Thread(target=serve)
        worker.start()
        yield PipeTrial(theirs, TrialFacts.of(study_trial))
        theirs.send(("end", ()))
        worker.join()
        ours.close()
        theirs.close()


def test_facts_are_those_of_the_trial(study_trial):
    facts = TrialFacts.of(ReplicateTrial(study_trial, "seed=1"))
    assert vars(facts) == {**vars(TrialFacts.of(study_trial)), "replicate": "seed=1"}
    assert facts.number == 0
    assert facts.study_name == "toy"
