"""The decision as JSON, for programs."""

from collections.abc import Mapping
from typing import Any

from src.decision.gates import JudgedGate
from src.stages.decide.outcome import DecideOutcome
from src.study.comparison import Comparison, Setting


def as_json(outcome: DecideOutcome) -> dict[str, Any]:
    """The content of `decision.json`: what was decided and what was measured, in plain values."""
    evidence = outcome.evidence
    return {
        "verdict": {
            "outcome": str(outcome.verdict.outcome),
            "reasons": list(outcome.verdict.reasons),
            "next_steps": list(outcome.verdict.next_steps),
        },
        "gates": [_gate(judged) for judged in outcome.gates],
        "checks": [
            {"name": f.name, "status": str(f.status), "sentence": f.sentence, "action": f.action or None}
            for f in outcome.findings
        ],
        "candidate": {
            "run_id": evidence.find("training", "run_id"),
            "study": outcome.provenance.study,
            "trial": outcome.provenance.trial,
            "start": evidence.find("training", "start"),
            "data": evidence.find("training", "data"),
            "weights_sha256": evidence.find("evaluation", "weights_sha256"),
            "parameters": dict(evidence.find("training", "arguments") or {}),
            "threshold": evidence.find("threshold", "score"),
            "iou": evidence.find("threshold", "iou"),
        },
        "for": list(outcome.arguments.pro),
        "against": list(outcome.arguments.contra),
        "comparison": _comparison(outcome.comparison),
    }


def _gate(judged: JudgedGate) -> dict[str, Any]:
    gate, figure = judged.gate, judged.figure
    return {
        "name": gate.name,
        "metric": gate.metric,
        "comparison": gate.comparison.name.lower(),
        "limit": gate.limit,
        "value": None if figure.value is None else figure.value.as_json(),
        "exact": figure.exact,
        "samples": figure.samples,
        "samples_of": figure.of,
        "judgement": str(judged.judgement),
        "reason": judged.reason,
        "remark": figure.remark or None,
        "samples_needed": judged.samples_needed,
    }


def _comparison(comparison: Comparison | str) -> dict[str, Any]:
    if isinstance(comparison, str):
        return {"not_at_hand": comparison}
    return {
        "metric": comparison.metric,
        "judged_by": comparison.judged_by,
        "candidate": comparison.candidate,
        "untrained": comparison.untrained and list(comparison.untrained),
        "settings": [_setting(setting) for setting in comparison.settings],
    }


def _setting(setting: Setting) -> Mapping[str, Any]:
    return {
        "parameters": dict(setting.varied),
        "run_ids": [trial.run_id for trial in setting.trials],
        "runs": len(setting.trials),
        "mean": setting.mean,
        "std": setting.std,
        "difference": setting.difference,
        "within_noise": setting.within_noise,
        "seconds": setting.seconds,
    }
