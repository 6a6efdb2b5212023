"""Watch a registered model: a window of production's pictures against those that the model was judged on."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from src.core.errors import DataError, RegistryError
from src.core.interval import Interval
from src.core.jackknife import jackknife_weights, proportion_interval
from src.detector.options import ProjectTrainOptions
from src.documents.monitor import (
    CalibratedScores,
    LabelledWindow,
    Monitor,
    MonitoringReference,
    Outcome,
    StatisticChange,
    StrangePicture,
)
from src.mlflow.options import TrackingOptions
from src.mlflow.registry.description import MONITORED
from src.mlflow.registry.store import MlflowRegistry, Version, registry_of
from src.monitoring.drift import FEWEST_SCENES, changes, strangeness
from src.monitoring.estimated import shares
from src.monitoring.scenes import one_each, sums
from src.monitoring.statistics import Statistics, chosen, stored
from src.stages.monitor.arguments import MonitorArguments
from src.stages.monitor.deployed import DeployedVersion, deployed
from src.stages.monitor.labels import judged, read_labels
from src.stages.monitor.window import Window, window_of
from src.thresholds.operating_point import samples

ALARM = 4  # the program's exit status
STRANGEST = 20
VERDICT, RUN = "monitor", "monitor.run"  # tags of the version


@dataclass(frozen=True)
class MonitorJob:
    """What is to be watched.

    Attributes:
        arguments: Which model and which pictures.
        tracking: Where the registry is, and where is recorded.
        train: The device and threads to look with.
    """

    arguments: MonitorArguments
    tracking: TrackingOptions
    train: ProjectTrainOptions


@dataclass(frozen=True, eq=False)
class MonitorOutcome:
    """What was found.

    Attributes:
        document: All that is said.
        version: The version that is watched.
        window: The pictures.
    """

    document: Monitor
    version: Version
    window: Window


def monitor(job: MonitorJob) -> MonitorOutcome:
    """Compare a window with the reference, and with `rebase` make it the reference.

    Side effects: with `rebase` replaces the reference in the version's folder.

    Raises:
        ConfigError: nothing is recorded, or `group` does not fit.
        DataError: there are no pictures, or labels that cannot be right.
        RegistryError: there is no such version, it has no reference, or the store does not answer.
    """
    asked = job.arguments
    with registry_of(job.tracking) as registry, tempfile.TemporaryDirectory() as scratch:
        model = deployed(registry, asked.name, asked.alias, train=job.train, scratch=Path(scratch))
        reference = _reference(model, needed=not asked.rebase)
        window = window_of(Path(asked.images), asked.group, model)
        other = _on_trial(job, registry, model, Path(scratch))
        labelled = _labelled(asked, model, window, reference, other)
        if asked.rebase:
            reference = _rebased(registry, model.version, window, reference, Path(scratch))
    assert reference is not None
    return MonitorOutcome(_document(asked, model, window, reference, labelled), model.version, window)


def _reference(model: DeployedVersion, *, needed: bool) -> MonitoringReference | None:
    if (model.folder / MonitoringReference.FILE).is_file():
        return MonitoringReference.read(model.folder)
    if not needed:
        return None
    version = model.version
    raise RegistryError(
        f"Version {version.number} of {version.name} has no reference to compare pictures with. `python -m src.promote"
        f" run={version.run_id} name={version.name}` writes one where its data are prepared; rebase=true makes"
        " these pictures the reference."
    )


def _on_trial(
    job: MonitorJob, registry: MlflowRegistry, model: DeployedVersion, scratch: Path
) -> DeployedVersion | None:
    name, alias = job.arguments.name, job.arguments.against
    if alias is None:
        return None
    return deployed(registry, name, alias, train=job.train, scratch=scratch, class_names=model.class_names)


def _labelled(
    asked: MonitorArguments,
    model: DeployedVersion,
    window: Window,
    reference: MonitoringReference | None,
    other: DeployedVersion | None,
) -> LabelledWindow | None:
    if asked.labels is None:
        return None
    labels = read_labels(Path(asked.labels), window, model.class_names)
    return judged(labels, window, model, reference, other, alias=asked.against)


def _rebased(
    registry: MlflowRegistry, version: Version, window: Window, before: MonitoringReference | None, scratch: Path
) -> MonitoringReference:
    """The window as the new reference; what needs labels stays as it was.

    Raises:
        DataError: it shows too few scenes.
    """
    one = one_each(window.scenes)
    if len(one) < FEWEST_SCENES:
        raise DataError(
            f"rebase=true: the pictures show {len(one)} scenes; a reference has at least {FEWEST_SCENES}. group=…"
            " says what shows one scene."
        )
    made = MonitoringReference(
        made_from=f"{len(one)} scenes of production, {window.document.first} to {window.document.last}",
        statistics=stored(chosen(window.seen.statistics, one)),
        calibration=before.calibration if before else CalibratedScores((), ()),
        counts=before.counts if before else (),
        power={},
        power_scenes=0,
    )
    registry.add_file(version, made.write(scratch))
    registry.tag_version(version, MONITORED, made.made_from)
    return made


def _document(
    asked: MonitorArguments,
    model: DeployedVersion,
    window: Window,
    reference: MonitoringReference,
    labelled: LabelledWindow | None,
) -> Monitor:
    before = {name: np.array(values, np.float64) for name, values in reference.statistics.items()}
    one = one_each(window.scenes)
    found = changes(before, chosen(window.seen.statistics, one))
    fallen = labelled.fallen if labelled is not None else ()
    reasons = (
        *(_moved(change) for change in found if change.has_moved),
        *(f"{name} has fallen on the labelled pictures" for name in fallen),
    )
    return Monitor(
        name=asked.name,
        alias=asked.alias,
        number=model.version.number,
        outcome=_outcome(reasons, len(one), rebased=asked.rebase),
        reasons=() if asked.rebase else reasons,
        window=window.document,
        reference=reference.made_from,
        changes=found,
        precision=_precision(window, reference.calibration),
        strangest=_strangest(before, window),
        labelled=labelled,
        power=reference.power,
        power_scenes=reference.power_scenes,
    )


def _outcome(reasons: tuple[str, ...], scenes: int, *, rebased: bool) -> Outcome:
    if rebased:
        return Outcome.REBASED
    if reasons:
        return Outcome.ALARM
    return Outcome.TOO_FEW if scenes < FEWEST_SCENES else Outcome.QUIET


def _moved(change: StatisticChange) -> str:
    return f"{change.name} has moved: median {change.window:.4g} for {change.reference:.4g} of the reference"


def _precision(window: Window, calibration: CalibratedScores) -> Interval | None:
    """What the scores let one expect of the precision, with its interval over scenes."""
    found = window.seen.found
    if not len(found) or not calibration.scores:
        return None
    pictures = len(window.files)
    kept = np.bincount(found.image_index, minlength=pictures)
    right = np.bincount(found.image_index, weights=shares(found.scores, calibration), minlength=pictures)
    counts = sums(np.stack([kept, right, kept], axis=1), window.scenes)
    return proportion_interval(samples(counts, jackknife_weights(len(counts)))["precision"], len(found))


def _strangest(reference: Statistics, window: Window) -> tuple[StrangePicture, ...]:
    distances, places = strangeness(reference, window.seen.statistics)
    names = list(reference)
    return tuple(
        StrangePicture(
            file=window.files[number].as_posix(),
            statistic=names[places[number]],
            value=float(window.seen.statistics[names[places[number]]][number]),
            distance=float(distances[number]),
        )
        for number in np.argsort(-distances, kind="stable")[:STRANGEST].tolist()
        if distances[number] > 0
    )
