"""What the sweeper needs of a storage."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import optuna
import pytest
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import TrialState

from optuna_search.attributes import RETRIES
from optuna_search.ending import Ending, Outcome
from optuna_search.errors import StudyError
from optuna_search.optuna_internals import id_of, read_anew, storage_of
from optuna_search.study.leases import Lease
from optuna_search.study.locks import exclusive
from optuna_search.study.queue import TrialBudget, claim, fail_and_requeue
from optuna_search.study.reading import open_study, set_study_attr
from optuna_search.study.storages import chosen_by_name, open_storage, storage_spec
from optuna_search.study.views import StudyView

STUDY = "conformance"


class StorageConformance:
    """What the sweeper needs of a storage; the fixture `storage` gives an empty one, as `hydra.sweeper.storage`."""

    @pytest.fixture
    def study(self, storage: Any) -> optuna.Study:
        """A study in it, as a controller makes it."""
        with chosen_by_name():
            return optuna.create_study(study_name=STUDY, storage=open_storage(storage_spec(storage)))

    @pytest.fixture
    def elsewhere(self, storage: Any, study: optuna.Study) -> optuna.Study:
        """The same study, as a worker opens it; what describes the storage has travelled to it."""
        return _opened(storage)

    def test_a_worker_sees_the_trials_that_others_draw(self, study: optuna.Study, elsewhere: optuna.Study) -> None:
        trial = study.ask()
        trial.suggest_float("x", 0.0, 1.0)
        (seen,) = elsewhere.get_trials(deepcopy=False)
        assert (seen.state, seen.params) == (TrialState.RUNNING, trial.params)
        elsewhere.tell(seen.number, 0.5)
        assert study.get_trials(deepcopy=False)[0].value == 0.5

    def test_attributes_are_kept_as_they_are(self, study: optuna.Study, elsewhere: optuna.Study) -> None:
        values = {"text": "ä\n", "list": [1, 2.5, None, True], "mapping": {"a": {"b": "c"}}}
        trial = study.ask()
        for key, value in values.items():
            trial.set_user_attr(key, value)
            study.set_user_attr(key, value)
        assert elsewhere.get_trials(deepcopy=False)[0].user_attrs == values
        assert elsewhere.user_attrs == values

    def test_a_waiting_trial_is_taken_by_one_worker(self, storage: Any, study: optuna.Study) -> None:
        """Where the storage does not see to it (SQLite does not), the sweeper has to have a lock for it."""
        for x in range(6):
            study.enqueue_trial({"x": x})
        trials = study.get_trials(deepcopy=False)

        def take(_: int) -> int:
            mine, taken = _opened(storage), 0
            for trial in trials:
                with exclusive(mine):
                    taken += _takes(mine, id_of(trial))
            return taken

        with ThreadPoolExecutor(3) as workers:
            taken = list(workers.map(take, range(3)))
        assert sum(taken) == len(trials)

    def test_the_total_is_exact_whoever_draws(self, storage: Any, study: optuna.Study) -> None:
        study.enqueue_trial({"x": 1})

        def work(_: int) -> None:
            mine = _opened(storage)
            lease = Lease(storage_of(mine), lease_s=60).first
            more = True
            while more:
                with exclusive(mine) as locked:
                    read_anew(mine)
                    more = claim(mine, 9, lease, locked=locked) is not None

        with ThreadPoolExecutor(3) as workers:
            list(workers.map(work, range(3)))
        # without a lock, places may wait that nobody may take
        assert len(TrialBudget.of(study.get_trials(deepcopy=False), 9).taken) == 9

    def test_a_trial_ends_once_and_is_repeated_once(self, study: optuna.Study, elsewhere: optuna.Study) -> None:
        study.ask().suggest_float("x", 0.0, 1.0)
        seen = [each.get_trials(deepcopy=False)[0] for each in (study, elsewhere)]
        died = Outcome.ended(Ending.WORKER_DIED)
        assert fail_and_requeue(study, seen[0], died, {RETRIES: 1})
        assert not fail_and_requeue(elsewhere, seen[1], died, {RETRIES: 1})
        failed, repeated = StudyView.of(study).trials
        assert failed.ending is Ending.WORKER_DIED
        assert repeated.retry_of == 0
        assert repeated.frozen.system_attrs["fixed_params"] == failed.params

    def test_a_trial_that_has_ended_cannot_be_changed(self, study: optuna.Study, elsewhere: optuna.Study) -> None:
        """By this a worker learns that its trial was given to another one."""
        trial_id = id_of(study.ask())
        elsewhere.tell(0, 1.0)
        with pytest.raises(UpdateFinishedTrialError):
            storage_of(study).set_trial_system_attr(trial_id, "lease", {"beat": 1})

    def test_a_study_can_be_read(self, storage: Any, study: optuna.Study) -> None:
        study.tell(study.ask(), 0.25)
        set_study_attr(storage, STUDY, "note", {"a": [1]})
        view = open_study(storage, STUDY)
        assert [trial.values for trial in view.best_trials] == [(0.25,)]
        assert view.user_attrs["note"] == {"a": [1]}

    def test_a_study_that_is_not_there_is_named(self, storage: Any, study: optuna.Study) -> None:
        with pytest.raises(StudyError, match=f"no study 'conformanse'.*Did you mean '{STUDY}'"):
            open_study(storage, "conformanse")


def _opened(storage: Any) -> optuna.Study:
    spec = json.loads(json.dumps(storage_spec(storage)))
    with chosen_by_name():
        return optuna.load_study(study_name=STUDY, storage=open_storage(spec))


def _takes(study: optuna.Study, trial_id: int) -> bool:
    try:
        return storage_of(study).set_trial_state_values(trial_id, TrialState.RUNNING)
    except UpdateFinishedTrialError:
        return False
