"""Optuna's trials in the tables of a PostgreSQL, read and written as a whole.

Optuna's own way is a statement for each table of all trials that it reads, and of objects that cost more than the
statement; and several statements for each parameter and attribute that it writes.
"""

import datetime
import json
import math
from collections.abc import Collection, Sequence
from functools import lru_cache
from typing import Any

from optuna.distributions import BaseDistribution, distribution_to_json, json_to_distribution
from optuna.storages._rdb import models
from optuna.trial import FrozenTrial, TrialState
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

# All that belongs to trials, in the order in which `_frozen` takes it.
TRIALS = """
SELECT trial_id, number, state::text, datetime_start, datetime_complete,
    (SELECT coalesce(json_agg(json_build_array(param_name, param_value, distribution_json) ORDER BY param_id), '[]')
        FROM trial_params WHERE trial_params.trial_id = trials.trial_id),
    (SELECT coalesce(json_agg(json_build_array(value, value_type) ORDER BY objective), '[]')
        FROM trial_values WHERE trial_values.trial_id = trials.trial_id),
    (SELECT coalesce(json_agg(json_build_array(step, intermediate_value, intermediate_value_type)), '[]')
        FROM trial_intermediate_values WHERE trial_intermediate_values.trial_id = trials.trial_id),
    (SELECT coalesce(json_object_agg(key, value_json), '{}')
        FROM trial_user_attributes WHERE trial_user_attributes.trial_id = trials.trial_id),
    (SELECT coalesce(json_object_agg(key, value_json), '{}')
        FROM trial_system_attributes WHERE trial_system_attributes.trial_id = trials.trial_id)
FROM trials WHERE trial_id = ANY(:trial_ids) ORDER BY trial_id
"""


def read(session: Session, trial_ids: Collection[int]) -> list[FrozenTrial]:
    """Read trials as a whole, all of them in one statement."""
    rows = session.execute(text(TRIALS), {"trial_ids": list(trial_ids)})
    return [_frozen(row) for row in rows]


def _frozen(row: Sequence[Any]) -> FrozenTrial:
    trial_id, number, state, start, end, params, values, steps, user_attrs, system_attrs = row
    distributions = {name: _distribution(described) for name, _, described in params}
    return FrozenTrial(
        number=number,
        state=TrialState[state],
        value=None,
        values=[_value(value, kind) for value, kind in values] or None,
        datetime_start=_local(start),
        datetime_complete=_local(end),
        params={name: distributions[name].to_external_repr(float(value)) for name, value, _ in params},
        distributions=distributions,
        user_attrs={key: json.loads(value) for key, value in user_attrs.items()},
        system_attrs={key: json.loads(value) for key, value in system_attrs.items()},
        intermediate_values={step: _value(value, kind) for step, value, kind in steps},
        trial_id=trial_id,
    )


@lru_cache
def _distribution(described: str) -> BaseDistribution:
    return json_to_distribution(described)


def _value(value: float | None, kind: str) -> float:
    return float(value) if value is not None else {"INF_POS": math.inf, "INF_NEG": -math.inf}.get(kind, math.nan)


def _local(utc: datetime.datetime | None) -> datetime.datetime | None:
    """A time of this machine, as Optuna gives them."""
    return None if utc is None else utc.replace(tzinfo=datetime.UTC).astimezone().replace(tzinfo=None)


def write(session: Session, trial: FrozenTrial) -> None:
    """Write what belongs to a new trial, a statement a table."""
    own = {"trial_id": trial._trial_id}
    params = [
        {
            **own,
            "param_name": name,
            "param_value": distribution.to_internal_repr(trial.params[name]),
            "distribution_json": distribution_to_json(distribution),
        }
        for name, distribution in trial.distributions.items()
    ]
    if params:
        session.execute(insert(models.TrialParamModel), params)
    for table, attributes in (
        (models.TrialUserAttributeModel, trial.user_attrs),
        (models.TrialSystemAttributeModel, trial.system_attrs),
    ):
        if attributes:
            rows = [{**own, "key": key, "value_json": json.dumps(value)} for key, value in attributes.items()]
            session.execute(insert(table), rows)
