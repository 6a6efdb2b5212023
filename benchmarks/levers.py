"""What each way to make a training quicker gives on this machine, and whether it leaves the weights as they are.

The same training with one thread on a CPU, each time in a process of its own with one thing changed; the variants take
turns, so that a drift of the machine's speed meets all. Given are the CPU seconds of the training (imports left out),
their ratio to those of the same round without a change, and whether the last weights are equal to the last bit.

    .venv/bin/python benchmarks/levers.py [--rounds 3] [--imgsz 128] [--batch 4] [--epochs 2] [--optimizer AdamW]
"""

import argparse
import ctypes.util
import hashlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
NOTHING = "nothing"
IMAGES = 120


@dataclass(frozen=True)
class Lever:
    """One change.

    Attributes:
        patch: Applied to the class of trainings, with the module that is the door to Ultralytics.
        environment: Added to the process's environment.
        threads: CPU threads.
        plots: Whether Ultralytics draws its pictures.
        library: Loaded before all others; the lever is left out where it is not installed.
        needs: An instruction of the processor by its name in /proc/cpuinfo; likewise.
    """

    patch: Callable[[Any, Any], None] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    threads: int = 1
    plots: bool = False
    library: str | None = None
    needs: str | None = None

    def missing(self) -> str | None:
        """Why it cannot be tried here."""
        if self.library is not None and ctypes.util.find_library(self.library) is None:
            return f"lib{self.library} is not installed"
        if self.needs is not None and self.needs not in Path("/proc/cpuinfo").read_text():
            return f"the processor has no {self.needs}"
        return None


def keep_best_only(training: Any, _: Any) -> None:
    """No checkpoint after an epoch that is neither the best nor the last: it is there to resume from."""
    save = training.save_model

    def save_model(self: Any) -> bool:
        last = self.epoch + 1 >= self.epochs or self.stop
        return bool(save(self)) if last or self.fitness == self.best_fitness else False

    training.save_model = save_model


def fuse_optimizer(training: Any, _: Any) -> None:
    """One kernel for all parameters."""
    build = training.build_optimizer

    def build_optimizer(self: Any, *arguments: Any, **more: Any) -> Any:
        optimizer = build(self, *arguments, **more)
        for group in optimizer.param_groups:
            group["fused"] = True
        return optimizer

    training.build_optimizer = build_optimizer


def channels_last(training: Any, engine: Any) -> None:
    """Colours beside each other in memory; Ultralytics does it on a GPU."""
    setup, preprocess = training.setup_model, training.preprocess_batch

    def setup_model(self: Any) -> Any:
        checkpoint = setup(self)
        self.model = self.model.to(memory_format=engine.torch.channels_last)
        return checkpoint

    def preprocess_batch(self: Any, batch: Any) -> Any:
        batch = preprocess(self, batch)
        batch["img"] = batch["img"].contiguous(memory_format=engine.torch.channels_last)
        return batch

    training.setup_model, training.preprocess_batch = setup_model, preprocess_batch


def bf16_forward(_: Any, engine: Any) -> None:
    """The forward pass of a training in bf16, its loss in fp32."""
    predict = engine.DetectionModel.predict

    def as_fp32(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: as_fp32(each) for name, each in value.items()}
        if isinstance(value, list | tuple):
            return type(value)(map(as_fp32, value))
        return value.float() if engine.torch.is_tensor(value) and value.is_floating_point() else value

    def mixed(self: Any, *arguments: Any, **more: Any) -> Any:
        if not self.training:
            return predict(self, *arguments, **more)
        with engine.torch.autocast("cpu", dtype=engine.torch.bfloat16):
            return as_fp32(predict(self, *arguments, **more))

    engine.DetectionModel.predict = mixed


LEVERS = {
    NOTHING: Lever(),
    "two threads": Lever(threads=2),
    "pictures": Lever(plots=True),
    "checkpoints of the best and the last epoch only": Lever(keep_best_only),
    "malloc that keeps what was freed": Lever(
        environment={"MALLOC_MMAP_THRESHOLD_": "1073741824", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
    ),
    "tcmalloc": Lever(library="tcmalloc_minimal"),
    "jemalloc": Lever(library="jemalloc"),
    "fused optimizer": Lever(fuse_optimizer),
    "channels_last": Lever(channels_last),
    "bf16 forward pass": Lever(bf16_forward, needs="avx512_bf16"),
}


def main() -> None:
    """Measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--imgsz", type=int, default=128)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--optimizer", default="AdamW")
    parser.add_argument("--only", nargs="+", default=list(LEVERS), choices=LEVERS, help="these levers")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    said = parser.parse_args()
    if said.one is not None:
        print(json.dumps(train_once(LEVERS[said.one], said)))
        return
    levers = {name: LEVERS[name] for name in dict.fromkeys([NOTHING, *said.only])}
    for name, why in ((name, lever.missing()) for name, lever in levers.items()):
        if why is not None:
            print(f"{name}: {why}")
    with tempfile.TemporaryDirectory(prefix="levers-") as scratch:
        folder = Path(scratch)
        prepare(folder, said.imgsz)
        took: dict[str, list[dict[str, Any]]] = {n: [] for n, lever in levers.items() if lever.missing() is None}
        for _ in range(said.rounds):
            for name, already in took.items():
                already.append(in_own_process(name, folder))
    report(took)


def report(took: Mapping[str, list[dict[str, Any]]]) -> None:
    """Print the table."""
    print(f"{'changed':<50}{'CPU s':>8}{'ratio':>8}{'each':>24}  weights  val/mAP50-95")
    for name, runs in took.items():
        ratios = [run["cpu_s"] / base["cpu_s"] for run, base in zip(runs, took[NOTHING], strict=True)]
        weights = "equal" if {run["weights"] for run in runs} == {took[NOTHING][0]["weights"]} else "differ"
        each = " ".join(f"{ratio:.2f}" for ratio in ratios)
        print(
            f"{name:<50}{statistics.median(run['cpu_s'] for run in runs):>8.1f}{statistics.median(ratios):>8.2f}"
            f"{each:>24}  {weights:<7}  {runs[0]['mAP']:.4f}"
        )


def prepare(folder: Path, imgsz: int) -> None:
    """Draw the data set."""
    splits = f"data.splits={{train: {IMAGES // 3 * 2}, val: {IMAGES // 6}, test: {IMAGES // 6}}}"
    command = [sys.executable, "-m", "src.prepare", "data.name=levers", f"data.images={IMAGES}", splits]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([*command, f"data.side={imgsz}"], cwd=folder, env=environment, check=True, stdout=subprocess.DEVNULL)


def in_own_process(name: str, folder: Path) -> dict[str, Any]:
    """Train with one lever."""
    lever = LEVERS[name]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": str(lever.threads)} | lever.environment
    if lever.library is not None:
        environment["LD_PRELOAD"] = str(ctypes.util.find_library(lever.library))
    done = subprocess.run(
        [sys.executable, __file__, *sys.argv[1:], "--one", name],
        cwd=folder,
        env=environment,
        text=True,
        capture_output=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{name}:\n{done.stdout}\n{done.stderr}")
    measured: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return measured


class Nobody:
    """Wants to know nothing of a training."""

    def on_start(self, *_: Any) -> None:
        """Before the first epoch."""

    def on_epoch(self, *_: Any) -> None:
        """After each epoch."""


def train_once(lever: Lever, said: argparse.Namespace) -> dict[str, Any]:
    """Train in this process."""
    from src.detector import engine
    from src.detector.train import TrainingRequest, train
    from src.detector.trainer import Training

    if lever.patch is not None:
        lever.patch(Training, engine)
    arguments = {
        **{"epochs": said.epochs, "imgsz": said.imgsz, "batch": said.batch, "nbs": said.batch, "workers": 0},
        **{"optimizer": said.optimizer, "lr0": 0.001, "momentum": 0.9, "warmup_epochs": 0.5, "mosaic": 0.0},
    }
    with tempfile.TemporaryDirectory() as folder:
        request = TrainingRequest(
            data_yaml=Path("data/prepared/levers/data.yaml"),
            folder=Path(folder),
            arguments=arguments,
            plots=lever.plots,
            architecture="yolov8n.yaml",
            device="cpu",
            threads=lever.threads,
        )
        before = time.process_time()
        result = train(request, Nobody())
        cpu_s = time.process_time() - before
        model, _ = engine.load_checkpoint(str(result.last))
        digest = hashlib.sha256()
        for tensor in model.state_dict().values():
            digest.update(tensor.float().contiguous().numpy().tobytes())
    return {"cpu_s": cpu_s, "weights": digest.hexdigest(), "mAP": result.metrics["val/mAP50-95"]}


if __name__ == "__main__":
    main()
