"""Who draws which trial: the study's total is exact, and what a dead worker leaves behind is queued again.

The storages that Optuna offers have one atomic step in common: a waiting trial becomes a running one for exactly one
worker. (In SQLite it is not atomic, which is one reason for the lock beside the file; through a proxy there is no lock,
so that a proxy needs another storage behind it.) All else follows from rules over the list of trials, which every
worker reads for itself.
"""

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import optuna
from optuna.exceptions import UpdateFinishedTrialError
from optuna.trial import FrozenTrial, TrialState, create_trial

from optuna_search.attributes import DUE, ENDING, FIXED_PARAMS, LEASE, REASON, REPLICATE, REPLICATE_OF, RETRY_OF, WORKER
from optuna_search.ending import Outcome
from optuna_search.optuna_internals import add_trial, id_of, read_anew, storage_of
from optuna_search.study.locks import exclusive
from optuna_search.study.race import NextRun, Race


@dataclass(frozen=True)
class TrialBudget:
    """A study's trials, counted against its total.

    Attributes:
        taken: Trials that count towards the total and are running or finished, by number.
        waiting: Trials in the queue, in the order in which they may be taken.
        repeated: Failed trials of which the queue or a later trial holds a repetition; they do not count.
        n_trials: The total.
    """

    taken: tuple[FrozenTrial, ...]
    waiting: tuple[FrozenTrial, ...]
    repeated: tuple[FrozenTrial, ...]
    n_trials: int

    @classmethod
    def of(cls, trials: Sequence[FrozenTrial], n_trials: int = 0) -> "TrialBudget":
        """Judge `trials`, all those of a study in the order of their numbers.

        To queue the repetition of a failed trial frees that trial's place and fills it in one step, so that no worker
        can see a free place in between. Should two controllers queue a repetition of the same trial, the first holds.
        """
        # each draw judges all of them: of ten thousand, most are complete and no others are left
        if not any(trial.state is TrialState.WAITING or trial.state is TrialState.FAIL for trial in trials):
            return cls(tuple(trials), (), (), n_trials)
        repetition: dict[int, int] = {}
        held: dict[tuple[int, str], int] = {}  # a run of a leader that two workers have queued is one run
        for trial in trials:
            marks = trial.user_attrs
            if RETRY_OF in marks:
                repetition.setdefault(marks[RETRY_OF], trial.number)
            elif REPLICATE_OF in marks:
                held.setdefault(_run_of(trial), trial.number)
        waiting = [trial for trial in trials if trial.state is TrialState.WAITING]
        waiting = [trial for trial in waiting if _may_be_taken(trial, trials, repetition, held)]
        repeated = [trial for trial in trials if trial.state is TrialState.FAIL and trial.number in repetition]
        out = {trial.number for trial in repeated}
        taken = [t for t in trials if t.state is not TrialState.WAITING and (not out or t.number not in out)]
        waiting.sort(key=lambda trial: (RETRY_OF not in trial.user_attrs, trial.number))
        return cls(tuple(taken), tuple(waiting), tuple(repeated), n_trials)

    @property
    def finished(self) -> tuple[FrozenTrial, ...]:
        """Those of `taken` that have ended."""
        return tuple(trial for trial in self.taken if trial.state.is_finished())

    @property
    def claimable(self) -> tuple[FrozenTrial, ...]:
        """Waiting trials for which the total has room: all workers that see the same trials see the same ones."""
        return self.waiting[: max(0, self.n_trials - len(self.taken))]

    @property
    def places(self) -> int:
        """How many trials may still be made beside those that wait."""
        return max(0, self.n_trials - len(self.taken) - len(self.waiting))

    @property
    def complete(self) -> bool:
        """Whether all trials of the total have ended."""
        return len(self.finished) >= self.n_trials


def claim(
    study: optuna.Study, n_trials: int, lease: Mapping[str, Any], *, locked: bool, race: Race | None = None
) -> int | None:
    """Take the next trial of the study, or None when its total is taken.

    Args:
        study: The study.
        n_trials: Its total.
        lease: Who takes it, as `Lease.first` says.
        locked: Whether the caller holds the study's lock. Without it, a new trial is put in the queue first, where
            the rules decide who gets it.
        race: Where only the leading settings are repeated.

    Returns:
        The trial's id in its storage.
    """
    storage = storage_of(study)
    worker = _name(lease)
    while True:
        budget = TrialBudget.of(study.get_trials(deepcopy=False), n_trials)
        for trial in budget.claimable:
            if _take(storage, id_of(trial), lease, worker):
                return id_of(trial)
        if budget.places:
            run = NextRun({}, {}) if race is None else race.next((*budget.taken, *budget.waiting), budget.places)
            fixed = {FIXED_PARAMS: dict(run.params)} if run.params else {}
            if locked:
                attributes = {WORKER: worker, **run.attributes}
                template = _template(TrialState.RUNNING, attributes, {LEASE: dict(lease), **fixed})
                return add_trial(study, template)
            add_trial(study, _template(TrialState.WAITING, dict(run.attributes), fixed))
        elif not budget.claimable:
            return None


def _name(lease: Mapping[str, Any]) -> str:
    """What people are shown of a worker; a process may have several slots."""
    slot = f":{lease['slot'][1]}" if "slot" in lease else ""
    return f"{lease['machine'].partition('/')[0]}:{lease['pid']}{slot}"


def fail_and_requeue(study: optuna.Study, trial: FrozenTrial, outcome: Outcome, due: Mapping[str, Any] | None) -> bool:
    """Tell that a running trial has failed, and queue its parameters again if that is due.

    Args:
        study: The study.
        trial: The trial.
        outcome: How and why it failed.
        due: `RETRIES` and `OVERRIDES` of its repetition; None for none.

    Returns:
        Whether it was still running; if not, somebody else has told how it ended.
    """
    storage, trial_id = storage_of(study), id_of(trial)
    try:
        storage.set_trial_user_attr(trial_id, ENDING, outcome.ending.name)
        storage.set_trial_user_attr(trial_id, REASON, outcome.reason)
        if due is not None:
            storage.set_trial_user_attr(trial_id, DUE, dict(due))
        # Study.tell() would first ask the sampler, which has nothing to learn from a failure
        storage.set_trial_state_values(trial_id, TrialState.FAIL)
    except UpdateFinishedTrialError:
        return False
    read_anew(study)
    requeue(study)
    return True


def requeue(study: optuna.Study) -> list[FrozenTrial]:
    """Queue the repetitions that are due, also those of a controller that was killed before it could.

    Returns:
        The failed trials.
    """
    with exclusive(study):
        trials = study.get_trials(deepcopy=False)
        queued = {trial.user_attrs.get(RETRY_OF) for trial in trials}
        due = [trial for trial in trials if _failed(trial) and trial.number not in queued]
        for trial in due:
            again = {name: trial.user_attrs[name] for name in (REPLICATE, REPLICATE_OF) if name in trial.user_attrs}
            attributes = {RETRY_OF: trial.number, **again, **trial.user_attrs[DUE]}
            points = {**trial.system_attrs.get(FIXED_PARAMS, {}), **trial.params}
            template = _template(TrialState.WAITING, attributes, {FIXED_PARAMS: points})
            add_trial(study, template)
    return due


def _may_be_taken(
    trial: FrozenTrial,
    trials: Sequence[FrozenTrial],
    repetition: Mapping[int, int],
    held: Mapping[tuple[int, str], int],
) -> bool:
    """Whether a waiting trial is the one that holds, should several be queued for the same."""
    original = trial.user_attrs.get(RETRY_OF)
    if original is not None:
        return repetition[original] == trial.number and _failed(trials[original])
    return REPLICATE_OF not in trial.user_attrs or held[_run_of(trial)] == trial.number


def _run_of(trial: FrozenTrial) -> tuple[int, str]:
    """Which setting it runs again, and with what."""
    return trial.user_attrs[REPLICATE_OF], trial.user_attrs[REPLICATE]


def _failed(trial: FrozenTrial) -> bool:
    return trial.state == TrialState.FAIL and DUE in trial.user_attrs


def _take(storage: optuna.storages.BaseStorage, trial_id: int, lease: Mapping[str, Any], worker: str) -> bool:
    try:
        # before it runs, so that every running trial has an owner
        storage.set_trial_system_attr(trial_id, LEASE, dict(lease))
        if not storage.set_trial_state_values(trial_id, TrialState.RUNNING):
            return False
    except UpdateFinishedTrialError:
        return False
    storage.set_trial_system_attr(trial_id, LEASE, dict(lease))  # another worker may have written its own meanwhile
    storage.set_trial_user_attr(trial_id, WORKER, worker)
    return True


def _template(state: TrialState, user_attrs: dict[str, Any], system_attrs: dict[str, Any]) -> FrozenTrial:
    trial = create_trial(state=TrialState.WAITING, user_attrs=user_attrs, system_attrs=system_attrs)
    if state == TrialState.RUNNING:
        trial.state, trial.datetime_start = state, datetime.datetime.now()
    return trial
