"""What the stages before the decision write, made up: every key of their JSON files, with figures of a fair model."""

import json
from pathlib import Path
from typing import Any

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c49444154789c63f8ffff3f0005fe02fe"
    "0def46b80000000049454e44ae426082"
)


def interval(estimate, low, high) -> dict[str, Any]:
    """An interval as the stages write it."""
    return {"estimate": estimate, "low": low, "high": high}


def training() -> dict[str, Any]:
    """`training.json` of the stage train."""
    return {
        "run_id": "0123456789abcdef0123456789abcdef",
        "run_key": "pending-00000000000000000001-00000000",
        "data": {"name": "people", "digest": "d" * 64},
        "start": "yolov8n.pt",
        "epochs": 60,
        "epochs_run": 60,
        "best_epoch": 41,
        "optimizer_steps": 720,
        "batches_per_epoch": 12,
        "seconds": 634.2,
        "flags": [],
        "arguments": {"imgsz": 416, "lr0": 0.002, "optimizer": "AdamW", "seed": 0},
        "objective": [0.61],
    }


def split(images, m50, m5095) -> dict[str, Any]:
    """One split of `evaluation.json`."""
    return {
        "images": images,
        "boxes": 2 * images,
        "metrics": {
            "mAP50": interval(m50, m50 - 0.03, m50 + 0.03),
            "mAP50-95": interval(m5095, m5095 - 0.02, m5095 + 0.02),
            "precision": interval(0.8, 0.75, 0.85),
            "recall": interval(0.7, 0.65, 0.75),
            "F1": interval(0.75, 0.7, 0.8),
        },
        "per_class": {"person": {"AP50": m50, "AP50-95": m5095, "boxes": 2 * images}},
        "per_size": {size: {"AP50-95": m5095, "boxes": images} for size in ("small", "medium", "large")},
        "errors": dict.fromkeys(("missed", "background", "duplicate", "localisation", "wrong_class"), 3),
        "confusion": [[90, 3], [9, 0]],
    }


def evaluation() -> dict[str, Any]:
    """`evaluation.json` of the stage evaluate."""
    return {
        "splits": {"val": split(400, 0.84, 0.62), "test": split(500, 0.82, 0.61)},
        "untrained": {"val": split(400, 0.62, 0.42), "test": split(500, 0.61, 0.41)},
        "difference": {
            name: {"mAP50": interval(0.21, 0.18, 0.24), "mAP50-95": interval(0.20, 0.17, 0.23)}
            for name in ("val", "test")
        },
        "robustness": {
            "night": {"mAP50": interval(0.70, 0.66, 0.74), "recall": interval(0.6, 0.5, 0.7), "severity": "gamma 3"},
            "fog": {"mAP50": interval(0.75, 0.71, 0.79), "recall": interval(0.7, 0.6, 0.8), "severity": "0.5"},
        },
        "ultralytics": {
            name: {"precision": 0.79, "recall": 0.74, "mAP50": 0.82, "mAP50-95": 0.61} for name in ("val", "test")
        },
        "model": {"parameters": 3_011_043, "gflops": 8.2, "weights_mb": 6.2, "onnx_mb": 12.3, "imgsz": 416},
        "data": {
            "name": "people",
            "digest": "d" * 64,
            "counts": {
                name: {"images": images, "boxes": 2 * images, "backgrounds": 10}
                for name, images in (("train", 2000), ("val", 400), ("test", 500))
            },
        },
        "weights": "outputs/pipeline/train/weights/best.pt",
        "cross_validation": None,
    }


def latency() -> dict[str, Any]:
    """`latency.json` of the stage evaluate."""
    percentiles = {"p50": 20.0, "p95": 24.0, "p99": 30.0}
    backend = {
        **{f"{part}_ms": percentiles for part in ("preprocess", "inference", "postprocess", "total")},
        "p95_interval": interval(24.0, 22.0, 27.0),
        "throughput_fps": 48.0,
        "images": 200,
    }
    return {
        "pytorch": backend,
        "onnx": {**backend, "throughput_fps": 61.0},
        "onnx_difference": {"boxes_px": 0.002, "scores": 0.0001},
        "device": "cpu (Some CPU)",
        "threads": 2,
    }


def threshold() -> dict[str, Any]:
    """`threshold.json` of the stage tune_threshold."""

    def metrics(precision, recall, f1) -> dict[str, Any]:
        named = {"precision": precision, "recall": recall, "F1": f1}
        return {name: interval(value, value - 0.03, value + 0.03) for name, value in named.items()}

    return {
        "feasible": True,
        "criterion": "F1",
        "score": 0.31,
        "score_interval": interval(0.31, 0.24, 0.39),
        "iou": 0.6,
        "per_class": None,
        "val": {**metrics(0.84, 0.80, 0.82), "images": 400, "boxes": 800},
        "test": {
            "tuned": metrics(0.82, 0.78, 0.80),
            "default": metrics(0.75, 0.79, 0.77),
            "difference": {"F1": interval(0.03, 0.01, 0.05)},
            "images": 500,
            "boxes": 1000,
        },
        "ultralytics": {"precision": 0.79, "recall": 0.74},
        "robustness": {
            "night": {"recall": interval(0.66, 0.62, 0.70), "precision": interval(0.80, 0.76, 0.84)},
            "fog": {"recall": interval(0.70, 0.61, 0.79), "precision": interval(0.78, 0.74, 0.82)},
        },
        "calibration": {"val": {"ece": 0.05}, "test": {"ece": 0.06}},
        "errors": {
            point: dict.fromkeys(("missed", "background", "duplicate", "localisation", "wrong_class"), 3)
            for point in ("tuned", "default")
        },
        "nearest": None,
    }


def write_stages(root: Path, **replaced: Any) -> None:
    """Write the three folders below `root`; `replaced` gives other contents of a file, None leaves it out."""
    files = {
        "train/training.json": replaced.get("training", training()),
        "evaluate/evaluation.json": replaced.get("evaluation", evaluation()),
        "evaluate/latency.json": replaced.get("latency", latency()),
        "tune_threshold/threshold.json": replaced.get("threshold", threshold()),
    }
    for name, content in files.items():
        if content is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(json.dumps(content, allow_nan=False))
    for name in ("tune_threshold/plots/precision_recall.png", "evaluate/plots/errors.png"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(PNG)
