"""Whether a setting of a study survived the study's confirmation."""

from src.documents.confirmation import Advantage, ConfirmedSetting
from src.documents.findings import Finding, Status
from src.documents.study_record import StudyRecord
from src.study.comparison import setting_of

NAME, TITLE = "confirmed", "The setting is the best of its study with fresh seeds, too"


def check_survival(record: StudyRecord | None, trial: int | None) -> Finding:
    """Look up what the confirmation of a study found about the setting of one of its trials.

    Args:
        record: What the study had found; None where it is not available.
        trial: The trial's number.
    """
    if record is None:
        return _unknown("The study that the configuration came from is not available.")
    found = record.confirmation
    if found is None:
        return _unknown(f"Nobody has confirmed it: python -m src.confirm study={record.study}")
    setting = _confirmed(record, trial)
    if setting is None:
        again = ", ".join(str(each.trial) for each in found.settings)
        return _unknown(
            f"The confirmation trained the settings of trials {again} again, not that of trial {trial}; the best of"
            f" them is that of trial {found.winner}."
        )
    seeds = "1 fresh seed" if setting.n == 1 else f"{setting.n} fresh seeds"
    reached = f"{found.metric} {setting.mean:.4f} over {seeds}, {setting.searched:.4f} in the search"
    if setting.winner_is_better_by is None:
        of = f"It is the best of {len(found.settings)}" if len(found.settings) > 1 else "It was trained again alone"
        return Finding(NAME, TITLE, Status.OK, f"{of}: {reached}.")
    return Finding(
        NAME,
        TITLE,
        Status.WARNING,
        f"The setting of trial {trial} did not survive the confirmation: {reached}. The setting of trial"
        f" {found.winner} did: {found.best.mean:.4f}, {advantage_text(setting.winner_is_better_by)}.",
        f"Freeze the setting that survived: python -m src.freeze +study={record.study} +trial={found.winner}",
    )


def advantage_text(advantage: Advantage) -> str:
    """By how much something is better, and how sure that is."""
    if advantage.probability is None:
        return f"{advantage.difference.estimate:+.4f}; how sure that is, is not known"
    return f"{advantage.difference:+.4f}, better with a probability of {probability_text(advantage.probability)}"


def probability_text(probability: float) -> str:
    """A probability that never reads as certainty."""
    return "over 99%" if probability > 0.995 else f"{probability:.0%}"


def _unknown(sentence: str) -> Finding:
    return Finding(NAME, TITLE, Status.UNKNOWN, sentence)


def _confirmed(record: StudyRecord, trial: int | None) -> ConfirmedSetting | None:
    """What was trained again for a trial: its setting, or that of another trial with the same parameters."""
    confirmed = record.confirmation.settings if record.confirmation else ()
    settings = [setting_of(training) for training in record.trainings if training.number == trial]
    own = [each for each in confirmed if each.trial == trial]
    same = [each for each in confirmed if {name: str(value) for name, value in each.params.items()} in settings]
    return next(iter([*own, *same]), None)
