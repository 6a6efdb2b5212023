"""Registers a model of random weights on a tracking server, with the monitor's reference, under the alias production.

python -m tests.containers.promoted URI FOLDER
"""

import sys
from pathlib import Path

from src.detector.options import TrainOptions
from src.evaluation.options import EvaluateOptions
from src.mlflow.options import TrackingOptions
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.stage import PromoteJob, promote
from tests.integration.judged_runs import ANY, SIDE, evaluated, judged_run, noise_data, random_weights


def main(uri: str, folder: Path) -> None:
    """Evaluate, judge and promote it, and print the version's number."""
    store = TrackingOptions(uri=uri, spool=str(folder / "spool"), wait_s=240)
    data = noise_data(folder)
    run = judged_run(store, evaluated(folder, data, random_weights("yolov8n", folder), SIDE), ANY)
    arguments = PromoteArguments(name="people", run=run, alias="production")
    evaluation = EvaluateOptions(resamples=20)
    outcome = promote(PromoteJob(arguments, store, data, TrainOptions(device="cpu"), evaluation, folder))
    print(outcome.version.number)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
