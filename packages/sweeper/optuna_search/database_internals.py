"""Optuna's storage in PostgreSQL, with few questions to the server: what Optuna keeps private of its databases.

To draw a trial and tell its result, Optuna asks a database about 45 times in a dozen transactions, and reads all that
belongs to every running trial anew; the workers of a study draw one after the other, so that this limits how many there
can be. Here a trial is drawn in one transaction: under the study's lock, what has changed is read, the point is drawn
in memory, and the trial is written as a whole. A process that is killed meanwhile leaves no trial.
"""

import copy
import datetime
import json
import threading
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

from optuna.distributions import BaseDistribution, check_distribution_compatibility
from optuna.exceptions import UpdateFinishedTrialError
from optuna.storages import RDBStorage
from optuna.storages._cached_storage import _CachedStorage, _StudyInfo
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import ColumnElement, Integer, and_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from optuna_search.database_rows_internals import read, write

_UNFINISHED = (TrialState.RUNNING, TrialState.WAITING)


def _of_another_state(state: TrialState) -> ColumnElement[bool]:
    """Of those that had this state, a list by its name, the trials that have another one now."""
    # not `= ANY`: once its statement is prepared, the list is searched from its beginning for every row
    had_it = select(func.unnest(bindparam(state.name, type_=ARRAY(Integer))))
    return and_(models.TrialModel.trial_id.in_(had_it), models.TrialModel.state != state)


_DIFFERENT = select(models.TrialModel.trial_id, models.TrialModel.number, models.TrialModel.state).where(
    models.TrialModel.study_id == bindparam("study"),
    or_(models.TrialModel.trial_id > bindparam("newest"), *map(_of_another_state, _UNFINISHED)),
)


class _Drawing(threading.local):
    """What a thread draws.

    Attributes:
        session: Of the transaction; None outside `exclusively()`.
        trials: Those that were made in it, by their ids.
    """

    def __init__(self) -> None:
        self.session: Session | None = None
        self.trials: dict[int, FrozenTrial] = {}


class PostgreSQLStorage(_CachedStorage):
    """A storage in PostgreSQL."""

    def __init__(self, backend: RDBStorage) -> None:
        """Keep studies in a database."""
        super().__init__(backend)
        self._drawing = _Drawing()
        # Running trials, to which nobody but this process writes. Their mappings are replaced, as others may copy them.
        self._own: dict[int, FrozenTrial] = {}

    @contextmanager
    def exclusively(self, lock: int) -> Iterator[None]:
        """Hold an advisory lock within the block, and write at its end the running trials that were made in it.

        What else is written within the block is written at once, as always.

        Args:
            lock: The number of the lock, which ends with the block, its process or its connection.
        """
        try:
            with Session(self._backend.engine) as session, session.begin():
                # each statement sees what others have committed: the lock is of no use in older states
                session.connection(execution_options={"isolation_level": "READ COMMITTED"})
                session.execute(select(func.pg_advisory_xact_lock(lock)))
                self._drawing.session = session
                yield
                for trial in self._drawing.trials.values():
                    write(session, trial)
        except BaseException:
            for trial_id in self._drawing.trials:
                self._forget(trial_id)
            raise
        finally:
            self._drawing.session = None
            self._drawing.trials.clear()

    def create_new_trial(self, study_id: int, template_trial: FrozenTrial | None = None) -> int:
        """Make a trial; within `exclusively()`, one that runs is drawn in memory first."""
        session = self._drawing.session
        if session is None or template_trial is None or template_trial.state is not TrialState.RUNNING:
            return super().create_new_trial(study_id, template_trial)
        # as Optuna does it, so that also those who know nothing of the lock wait; attributes of the study may be set
        row = select(models.StudyModel.study_id).where(models.StudyModel.study_id == study_id)
        session.execute(row.with_for_update(key_share=True))
        numbers = select(models.TrialModel.number).where(models.TrialModel.study_id == study_id)
        last = session.scalar(numbers.order_by(models.TrialModel.trial_id.desc()).limit(1))
        made = models.TrialModel(
            study_id=study_id,
            number=0 if last is None else last + 1,
            state=TrialState.RUNNING,
            datetime_start=template_trial.datetime_start,
        )
        session.add(made)
        session.flush()
        drawn = copy.deepcopy(template_trial)
        drawn.number, drawn._trial_id = int(made.number), int(made.trial_id)
        self._drawing.trials[drawn._trial_id] = self._own[drawn._trial_id] = drawn
        with self._lock:
            self._studies.setdefault(study_id, _StudyInfo())
            self._add_trials_to_cache(study_id, [drawn])
        return drawn._trial_id

    def get_trial(self, trial_id: int) -> FrozenTrial:
        """A trial; its own running ones from memory."""
        own = self._own.get(trial_id)
        return super().get_trial(trial_id) if own is None else copy.deepcopy(own)

    def set_trial_param(
        self, trial_id: int, param_name: str, param_value_internal: float, distribution: BaseDistribution
    ) -> None:
        """Set a parameter."""
        if trial_id in self._drawing.trials:
            self._check_distribution(trial_id, param_name, distribution)
        else:
            super().set_trial_param(trial_id, param_name, param_value_internal, distribution)
        if (own := self._own.get(trial_id)) is not None:
            own.distributions = {**own.distributions, param_name: distribution}
            own.params = {**own.params, param_name: distribution.to_external_repr(param_value_internal)}

    def set_trial_user_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute."""
        self._set_attr("user_attrs", super().set_trial_user_attr, trial_id, key, value)

    def set_trial_system_attr(self, trial_id: int, key: str, value: Any) -> None:
        """Set an attribute of Optuna's or the sweeper's."""
        self._set_attr("system_attrs", super().set_trial_system_attr, trial_id, key, value)

    def set_trial_intermediate_value(self, trial_id: int, step: int, intermediate_value: float) -> None:
        """Report a value on the way."""
        with self._noticing_the_end(trial_id):
            super().set_trial_intermediate_value(trial_id, step, intermediate_value)
        if (own := self._own.get(trial_id)) is not None:
            own.intermediate_values = {**own.intermediate_values, step: float(intermediate_value)}

    def set_trial_state_values(self, trial_id: int, state: TrialState, values: Sequence[float] | None = None) -> bool:
        """Take a waiting trial, or tell how a running one ended."""
        with self._noticing_the_end(trial_id):
            done = super().set_trial_state_values(trial_id, state, values)
        if state.is_finished():
            self._remember_end(trial_id, state, values)
        elif state is TrialState.RUNNING and done:
            self._own[trial_id] = super().get_trial(trial_id)
        return done

    def get_all_trials(
        self, study_id: int, deepcopy: bool = True, states: Container[TrialState] | None = None
    ) -> list[FrozenTrial]:
        """All trials in the order of their numbers."""
        self._read_trials_from_remote_storage(study_id)
        with self._lock:
            known = self._studies[study_id].trials
            trials = [known[number] for number in sorted(known)]
        found = trials if states is None else [trial for trial in trials if trial.state in states]
        return copy.deepcopy(found) if deepcopy else found

    def _read_trials_from_remote_storage(self, study_id: int) -> None:
        """Read what is new; to draw, a running trial is not read again before it has ended."""
        drawing = self._drawing.session
        with Session(self._backend.engine) if drawing is None else nullcontext(drawing) as session, self._lock:
            known = self._studies.setdefault(study_id, _StudyInfo())
            rows = self._rows_that_differ(session, study_id, known)
            stale = {trial_id for trial_id, number, state in rows if not self._is_known(known, number, state)}
            if drawing is None:
                stale |= known.unfinished_trial_ids
            if stale:
                self._add_trials_to_cache(study_id, read(session, stale))
            known.unfinished_trial_ids |= {trial_id for trial_id, _, state in rows if not state.is_finished()}
            known.last_finished_trial_id = max([known.last_finished_trial_id, *(trial_id for trial_id, *_ in rows)])

    def _rows_that_differ(
        self, session: Session, study_id: int, known: _StudyInfo
    ) -> Sequence[tuple[int, int, TrialState]]:
        """Id, number and state of the trials that were made, taken or ended since they were read.

        Only these are asked for: of a thousand that run, few have ended since the last draw. `last_finished_trial_id`
        is the greatest id that was read. Ids grow in the order in which trials can be seen, because whoever makes one
        holds the study's row until it is written.
        """
        of_state: dict[TrialState, list[int]] = {state: [] for state in _UNFINISHED}
        for trial_id in tuple(known.unfinished_trial_ids):
            state = known.trials[self._trial_id_to_study_id_and_number[trial_id][1]].state
            if state.is_finished():
                known.unfinished_trial_ids.discard(trial_id)
            else:
                of_state[state].append(trial_id)
        asked = {"study": study_id, "newest": known.last_finished_trial_id}
        found = session.execute(_DIFFERENT, asked | {state.name: ids for state, ids in of_state.items()})
        return [(trial_id, number, state) for trial_id, number, state in found]

    @staticmethod
    def _is_known(known: _StudyInfo, number: int, state: TrialState) -> bool:
        return number in known.trials and known.trials[number].state is state

    def _remember_end(self, trial_id: int, state: TrialState, values: Sequence[float] | None) -> None:
        """What nobody but this process has written need not be read again."""
        if (own := self._own.pop(trial_id, None)) is not None:
            own.values = None if values is None else list(values)
            own.state, own.datetime_complete = state, datetime.datetime.now()
            with self._lock:
                self._add_trials_to_cache(self._trial_id_to_study_id_and_number[trial_id][0], [own])

    def _set_attr(self, kind: str, store: Callable[[int, str, Any], None], trial_id: int, key: str, value: Any) -> None:
        own, plain = self._own.get(trial_id), json.loads(json.dumps(value))
        if trial_id not in self._drawing.trials:
            with self._noticing_the_end(trial_id):
                store(trial_id, key, value)
        if own is not None:
            setattr(own, kind, {**getattr(own, kind), key: plain})

    def _check_distribution(self, trial_id: int, name: str, distribution: BaseDistribution) -> None:
        """Refuse what does not go with the other trials' values, as Optuna's storages do."""
        with self._lock:
            known = self._studies[self._trial_id_to_study_id_and_number[trial_id][0]]
            if name not in known.param_distribution:
                earlier = (trial.distributions[name] for trial in known.trials.values() if name in trial.distributions)
                known.param_distribution[name] = next(earlier, distribution)
            check_distribution_compatibility(known.param_distribution[name], distribution)

    @contextmanager
    def _noticing_the_end(self, trial_id: int) -> Iterator[None]:
        """Of its own trial that somebody else has ended; then the database is right."""
        try:
            yield
        except UpdateFinishedTrialError:
            self._own.pop(trial_id, None)
            raise

    def _forget(self, trial_id: int) -> None:
        """What was not written."""
        self._own.pop(trial_id)
        with self._lock:
            study_id, number = self._trial_id_to_study_id_and_number.pop(trial_id)
            del self._study_id_and_number_to_trial_id[study_id, number]
            known = self._studies[study_id]
            del known.trials[number]
            known.unfinished_trial_ids.discard(trial_id)
