"""What a confirmation found about a study's settings, kept where the study is kept."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from optuna_search import StudyView, set_study_attr

from src.core.study_attributes import CONFIRMATION
from src.documents.confirmation import ConfirmationDocument, ConfirmedSetting
from src.study.confirmation import Confirmation


def confirming_study(study: str, trial: int) -> str:
    """The name of the study that trains a trial's setting again."""
    return f"{study}-confirm-{trial}"


def document(
    confirmation: Confirmation,
    params: Sequence[Mapping[str, Any]],
    *,
    study: str,
    metric: str,
    judged_by: str,
    seeds: Sequence[int],
    replaced: Sequence[int],
) -> ConfirmationDocument:
    """A confirmation as a document.

    Args:
        confirmation: The figures.
        params: The parameters of each setting, in the order of `confirmation.settings`.
        study: The study's name.
        metric: What the search went by.
        judged_by: What its settings are judged by: the same, or its counterpart on test.
        seeds: The fresh seeds that were asked for.
        replaced: Those of the arguments that the search had used.
    """
    columns = zip(params, confirmation.settings, confirmation.scores, confirmation.advantages, strict=True)
    return ConfirmationDocument(
        study=study,
        metric=metric,
        judged_by=judged_by,
        seeds=tuple(seeds),
        replaced_seeds=tuple(replaced),
        winner=confirmation.settings[confirmation.winner].trial,
        survived=confirmation.survived,
        settings=tuple(
            ConfirmedSetting(
                trial=setting.trial,
                params=dict(own),
                searched=setting.searched,
                values={str(seed): value for seed, value in setting.values.items()},
                mean=setting.mean,
                std=setting.std,
                n=setting.n,
                score=score,
                winner_is_better_by=advantage,
            )
            for own, setting, score, advantage in columns
        ),
        over_untrained=confirmation.over_untrained,
    )


def keep_confirmation(storage: Any, found: ConfirmationDocument) -> None:
    """Keep what a confirmation found as an attribute of its study, in place of what an earlier one found."""
    set_study_attr(storage, found.study, CONFIRMATION, found.as_json())


def confirmation_of(study: StudyView) -> ConfirmationDocument | None:
    """What the last confirmation of a study found; None where there was none.

    Raises:
        DataError: it was written by another version of this project.
    """
    content = study.user_attrs.get(CONFIRMATION)
    if content is None:
        return None
    return ConfirmationDocument.from_json(content, Path(f"study {study.name}"))
