"""A run's files as the stages write them, for the tests of what is made from them."""

import copy
from typing import Any

RUN, DATA, WEIGHTS = "run-1", "d" * 64, "a" * 64


def interval(estimate, low=None, high=None) -> dict[str, Any]:
    """A figure as the stages write it."""
    return {"estimate": estimate, "low": low, "high": high}


def gate(name="F1", judgement="passed", **changed) -> dict[str, Any]:
    """A gate of `decision.json`."""
    content = {"metric": f"test/{name}", "comparison": "more_than", "limit": 0.6, "exact": False}
    return {"name": name, "judgement": judgement, "value": interval(0.8, 0.7, 0.9), **content, **changed}


def facts(**changed) -> dict[str, Any]:
    """The arguments of a `Candidate`; `decision__verdict__outcome="rejected"` changes one value deep inside."""
    content: dict[str, Any] = {
        "run_id": RUN,
        "tags": {"data.digest": DATA, "mlflow.source.git.commit": "c" * 40, "git.dirty": "false"},
        "weights_sha256": WEIGHTS,
        "decision": {
            "verdict": {"outcome": "accepted", "reasons": ["1 of 1 gates passed."]},
            "gates": [gate()],
            "candidate": {
                "run_id": RUN,
                "study": "people",
                "trial": 7,
                "data": {"name": "people", "digest": DATA},
                "weights_sha256": WEIGHTS,
                "threshold": 0.4,
                "iou": 0.6,
            },
        },
        "evaluation": {
            "weights_sha256": WEIGHTS,
            "data": {"name": "people", "digest": DATA},
            "model": {"imgsz": 320},
            "splits": {
                split: {
                    "metrics": {"mAP50": interval(0.7, 0.6, 0.8), "F1": interval(0.1, 0.0, 0.2)},
                    "per_class": {"person": {}, "dog": {}},
                }
                for split in ("val", "test")
            },
        },
        "threshold": {
            "score": 0.4,
            "iou": 0.6,
            "per_class": None,
            "val": {"F1": interval(0.85, 0.8, 0.9), "images": 10, "boxes": 31},
            "test": {"tuned": {"F1": interval(0.8, 0.7, 0.9)}, "images": 10, "boxes": 31},
        },
    }
    content = copy.deepcopy(content)
    for path, value in changed.items():
        *parents, last = path.split("__")
        place = content
        for key in parents:
            place = place[key]
        place[last] = value
    return content
