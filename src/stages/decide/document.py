"""Parts of the document of a decision."""

from src.config.provenance import Provenance
from src.documents.decision import Candidate, ComparedSetting, StudyComparison
from src.documents.evidence import Evidence
from src.study.comparison import Comparison, Setting


def candidate(evidence: Evidence, provenance: Provenance) -> Candidate:
    """The model that is judged."""
    training, chosen = evidence.training, evidence.threshold.chosen
    return Candidate(
        run_id=training.run_id,
        study=provenance.study,
        trial=provenance.trial,
        start=training.start,
        data=training.data,
        weights_sha256=evidence.evaluation.weights_sha256,
        parameters=training.arguments,
        threshold=None if chosen is None else chosen.score,
        iou=None if chosen is None else chosen.iou,
    )


def study_comparison(comparison: Comparison) -> StudyComparison:
    """The settings of the candidate's study."""
    return StudyComparison(
        metric=comparison.metric,
        judged_by=comparison.judged_by,
        candidate=comparison.candidate,
        untrained=comparison.untrained,
        settings=tuple(_setting(setting) for setting in comparison.settings),
    )


def _setting(setting: Setting) -> ComparedSetting:
    return ComparedSetting(
        parameters=setting.varied,
        run_ids=tuple(trial.run_id for trial in setting.trials),
        mean=setting.mean,
        std=setting.std,
        difference=setting.difference,
        within_noise=setting.within_noise,
        seconds=setting.seconds,
    )
