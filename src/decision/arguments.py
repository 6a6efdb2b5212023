"""Arguments for and against the candidate, drawn from everything that was measured."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from src.core.interval import Interval
from src.decision.metrics import known
from src.documents.decision import StudyComparison
from src.documents.evidence import Evidence
from src.documents.findings import Finding, Status
from src.documents.gates import JudgedGate, Judgement


@dataclass
class Arguments:
    """Sentences on either side."""

    pro: list[str] = field(default_factory=list)
    contra: list[str] = field(default_factory=list)

    def weigh(self, difference: Interval | None, better: str, worse: str, unclear: str) -> None:
        """Put a difference, of which more is better, on its side; one that may be none is against."""
        if difference is None:
            return
        signed = f"{difference:+.3f}"
        if not difference.excludes_zero:
            self.contra.append(f"{unclear} ({signed}).")
        elif difference.estimate > 0:
            self.pro.append(f"{better} ({signed}).")
        else:
            self.contra.append(f"{worse} ({signed}).")


def weigh(
    evidence: Evidence, gates: Sequence[JudgedGate], findings: Sequence[Finding], comparison: StudyComparison | None
) -> Arguments:
    """All arguments."""
    arguments = Arguments()
    passed = [judged for judged in gates if judged.judgement == Judgement.PASSED]
    arguments.pro += [f"Gate passed: {judged}." for judged in passed]
    arguments.contra += [f"Gate {judged.judgement}: {judged}." for judged in gates if judged not in passed]
    over_untrained = evidence.evaluation.difference.test
    over_default = None if evidence.threshold.test is None else evidence.threshold.test.difference
    arguments.weigh(
        None if over_untrained is None else known(over_untrained.map50_95),
        "Better than the starting weights in test mAP50-95",
        "Worse than not training at all in test mAP50-95",
        "No significant difference from the starting weights in test mAP50-95",
    )
    arguments.weigh(
        None if over_default is None else known(over_default.f1),
        "The tuned threshold gives a better test F1 than the default 0.25",
        "The tuned threshold gives a worse test F1 than the default 0.25",
        "The tuned threshold gives no clearly better test F1 than the default 0.25",
    )
    _weigh_study(arguments, comparison)
    arguments.contra += [f.sentence for f in findings if f.status == Status.WARNING]
    return arguments


def _weigh_study(arguments: Arguments, comparison: StudyComparison | None) -> None:
    if comparison is None or comparison.candidate is None or not comparison.runners_up:
        return
    rivals = comparison.runners_up
    if comparison.candidate > 0:
        rival = comparison.settings[0]
        arguments.contra.append(
            f"Another setting of its study has a better mean {comparison.metric} ({rival.mean:.4f})."
        )
    alike = sum(setting.within_noise is True for setting in rivals)
    if alike:
        arguments.contra.append(
            f"{alike} of {len(rivals)} other settings of its study differ from it in {comparison.metric} by no more"
            " than noise."
        )
    elif comparison.candidate == 0 and all(setting.within_noise is False for setting in rivals):
        arguments.pro.append(f"No other setting of its study comes within the noise of it in {comparison.metric}.")
