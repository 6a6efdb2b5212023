"""The command `promote`: a judged model into the registry and under an alias."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from src.core.errors import ConfigError, DataError, RegistryError
from src.core.secrets import without_credentials
from src.data.options import DataOptions
from src.detector.options import ProjectTrainOptions
from src.documents.training import Training
from src.evaluation.options import EvaluateOptions
from src.evaluation.output_agreement import OutputAgreement
from src.mlflow.courier.pending import wait_until_delivered
from src.mlflow.options import TrackingOptions
from src.mlflow.registry import challenges, history
from src.mlflow.registry.candidate import Candidate
from src.mlflow.registry.description import (
    ACCEPTED,
    CONTENT,
    GATE,
    MONITORED,
    REASON,
    REJECTED,
    STATUS,
    page_text,
    version_tags,
)
from src.mlflow.registry.store import MlflowRegistry, RegisteredModel, Version, open_registry
from src.stages.promote.against_incumbent import AgainstIncumbent, DeployedModel, compare_with_incumbent
from src.stages.promote.arguments import PromoteArguments
from src.stages.promote.fetch_candidate import FetchedCandidate, fetch_candidate
from src.stages.promote.incumbent import incumbent_on, prepared
from src.stages.promote.packaging import packaged
from src.stages.promote.reference import monitoring_reference

_SHOWN = ("data.name", "study", "trial", "git.commit", "threshold", "nms_iou", "imgsz", "classes")
_CUT = {"git.commit": 12}
PRODUCTION = "production"  # the alias that is not taken from the incumbent unless the candidate is better


@dataclass(frozen=True)
class PromoteJob:
    """Everything a promotion needs to know.

    Attributes:
        arguments: Which model, and what is to become of it.
        tracking: Where the run and the registry are.
        data: Where prepared data sets lie, among them the run's.
        train: The device and threads to do it with.
        evaluate: How often the two models are exchanged.
        training: Folder of the pipeline's training, to say which run may be meant.
    """

    arguments: PromoteArguments
    tracking: TrackingOptions
    data: DataOptions
    train: ProjectTrainOptions
    evaluate: EvaluateOptions
    training: Path


@dataclass(frozen=True)
class PromoteOutcome:
    """What became of a model.

    Attributes:
        version: Its version in the registry.
        tags: What the registry says about it.
        is_new: Whether it was registered now, and not before.
        alias: What it is to be found under now; None for a rejected one.
        before: The version that had the alias; None where none had.
        agreement: By backend, how the boxes of the package compare with the recorded ones; empty where it was not made.
        against_incumbent: The comparison with the version that had the alias; None where none had to be made.
        monitoring: What production is compared with, or why there is nothing, a sentence; empty for a rejected model.
    """

    version: Version
    tags: Mapping[str, str]
    is_new: bool
    alias: str | None
    before: int | None
    agreement: Mapping[str, OutputAgreement]
    against_incumbent: AgainstIncumbent | None
    monitoring: str = ""

    @property
    def facts(self) -> tuple[tuple[str, str], ...]:
        """What to show of it, pairs of a name and a text: where it comes from, its metrics, its gates."""
        named = [(name, self.tags[name][: _CUT.get(name)]) for name in _SHOWN if name in self.tags]
        metrics = [(name, text) for name, text in self.tags.items() if "/" in name]
        gates = [(name.replace(".", " ", 1), text) for name, text in self.tags.items() if name.startswith(GATE)]
        return (*named, *metrics, *gates)

    @property
    def reason(self) -> str:
        """Why it was rejected; empty for an accepted one."""
        return self.tags.get(REASON, "")


def promote(job: PromoteJob) -> PromoteOutcome:
    """Register the model of a run and give it an alias, if its decision and the version that has it allow.

    A model that was registered before is not registered again, but gets the alias and the gates of its last decision.

    Side effects: adds a model to the run; changes the registry; waits for what this machine still delivers.

    Raises:
        ConfigError: no run is named, or nothing is recorded.
        RegistryError: the model may not be promoted, something is missing, or the store does not answer.
    """
    run_id = _delivered(job.tracking, _run_id(job))
    with open_registry(job.tracking.uri) as registry, tempfile.TemporaryDirectory() as scratch:
        fetched = fetch_candidate(registry, run_id, Path(scratch))
        status = _status(fetched.candidate, job.arguments)
        tags = version_tags(fetched.candidate, status)
        model = registry.model(job.arguments.name)
        version = _registered_before(model, fetched.run.run_id, tags)
        alias = job.arguments.alias if status == ACCEPTED else None
        before = model.aliases.get(alias) if alias is not None else None
        comparison = None
        if alias == PRODUCTION and before is not None and (version is None or version.number != before):
            comparison = _against_incumbent(
                job, registry, model.versions[before], fetched, folder=Path(scratch), model=model
            )
        is_new = version is None
        compared: Mapping[str, OutputAgreement] = {}
        text = page_text(job.arguments.name, fetched.candidate, status)
        if version is not None:
            registry.describe_again(version, tags, text, stale=(GATE,))
        else:
            folder = Path(scratch) / "model"
            compared = packaged(fetched, folder)
            version = registry.register(job.arguments.name, folder, fetched.run, tags=tags, description=text)
        monitoring = "" if alias is None else _reference_for_monitoring(job, registry, version, fetched, Path(scratch))
        if alias is not None and version.number != before:
            _hand_over(registry, model, version, alias, comparison)
        return PromoteOutcome(version, tags, is_new, alias, before, compared, comparison, monitoring)


def _reference_for_monitoring(
    job: PromoteJob, registry: MlflowRegistry, version: Version, fetched: FetchedCandidate, scratch: Path
) -> str:
    """Give the version what `python -m src.monitor` compares with, where its data are on this machine."""
    made_from = version.tags.get(MONITORED)
    if made_from is None:
        try:
            data = prepared(job.data, fetched.candidate.data_digest)
        except DataError as error:
            return f"`python -m src.monitor` has nothing to compare with: its data are not here ({error})."
        reference = monitoring_reference(fetched, data, job.train, job.evaluate.seed)
        made_from = reference.made_from
        registry.add_file(version, reference.write(scratch))
        registry.tag_version(version, MONITORED, made_from)
    return f"`python -m src.monitor` compares production with {made_from}."


def _delivered(tracking: TrackingOptions, run_id: str) -> str:
    """The run by the store's name for it, once all that this machine recorded of it is there.

    Raises:
        RegistryError: something still waits after `tracking.wait_s`.
    """
    spool = Path(tracking.spool).absolute()
    result = wait_until_delivered(spool, run_id, wait_s=tracking.wait_s)
    if result.pending:
        said = f" The store said: {result.error}" if result.error else ""
        raise RegistryError(
            f"What the stages recorded of run {run_id} has not all reached {without_credentials(tracking.uri)} yet;"
            f" it waits in {spool}.{said} Deliver it with `python -m src.sync`."
        )
    return result.run_id


def _run_id(job: PromoteJob) -> str:
    """The run that is named.

    Raises:
        ConfigError: none is, or nothing is recorded.
    """
    if job.tracking.kind == "none":
        raise ConfigError("With tracking=none nothing is recorded, and there is no registry; name a store: tracking=….")
    if job.arguments.run:
        return job.arguments.run
    try:
        hint = f" The training in {job.training} is run={Training.read(job.training).run_id}."
    except DataError:
        hint = ""
    raise ConfigError(f"run has no default: say which training's model, run=ID.{hint}")


def _status(candidate: Candidate, arguments: PromoteArguments) -> str:
    """Whether the model is registered as accepted or as rejected.

    Raises:
        RegistryError: it may not be registered like that.
    """
    if arguments.record is not None and candidate.is_accepted:
        raise RegistryError(
            f"The decision about run {candidate.run_id} is accepted, so that there is nothing to record as rejected;"
            f" leave record={arguments.record} out."
        )
    if arguments.record is None and not candidate.is_accepted:
        verdict = candidate.decision.verdict
        reasons = "".join(f"\n  - {reason}" for reason in verdict.reasons)
        raise RegistryError(
            f"The decision about run {candidate.run_id} is {verdict.outcome}, so that its model does not become"
            f" {arguments.name}@{arguments.alias}:{reasons}\nTo keep it in the registry as rejected, without an alias:"
            f" record={REJECTED}"
        )
    return REJECTED if arguments.record else ACCEPTED


def _registered_before(model: RegisteredModel, run_id: str, tags: Mapping[str, str]) -> Version | None:
    """The version that is this very model, judged alike; the newest one where there are several."""
    same = [
        version
        for version in model.versions.values()
        if version.run_id == run_id and all(version.tags.get(name) == tags.get(name) for name in (STATUS, *CONTENT))
    ]
    return max(same, key=lambda version: version.number, default=None)


def _against_incumbent(
    job: PromoteJob,
    registry: MlflowRegistry,
    version: Version,
    fetched: FetchedCandidate,
    *,
    folder: Path,
    model: RegisteredModel,
) -> AgainstIncumbent:
    """The comparison with the version that has the alias.

    Raises:
        RegistryError: the candidate is not better.
    """
    candidate = DeployedModel(fetched.predictions, fetched.candidate.confidence, fetched.candidate.iou)
    incumbent = incumbent_on(registry, version, fetched, data=job.data, train=job.train, folder=folder)
    comparison = compare_with_incumbent(
        candidate,
        incumbent.model,
        version=version.number,
        evaluated_here=incumbent.evaluated_here,
        exchanges=job.evaluate.resamples,
        seed=job.evaluate.seed,
        challenge=_challenged(registry, model, version, job.arguments.alias),
    )
    if not comparison.is_won:
        raise RegistryError(
            f"Version {version.number} stays {version.name}@{job.arguments.alias}: run {fetched.run.run_id} is"
            f" {comparison.said}: {comparison}."
        )
    return comparison


def _challenged(registry: MlflowRegistry, model: RegisteredModel, incumbent: Version, alias: str) -> int:
    """Count a challenge of the incumbent, before it is known how it ends; returns its number."""
    count = challenges.count_of(model.tags.get(challenges.tag_of(alias), ""), incumbent.number) + 1
    registry.tag_model(incumbent.name, challenges.tag_of(alias), challenges.text_of(incumbent.number, count))
    return count


def _hand_over(
    registry: MlflowRegistry, model: RegisteredModel, version: Version, alias: str, comparison: AgainstIncumbent | None
) -> None:
    """Let the alias name the version, and remember who had it before."""
    if comparison is not None:
        registry.tag_version(version, f"{alias}.won", str(comparison))
    registry.set_alias(version.name, alias, version.number)
    tag = history.tag_of(alias)
    known = history.parse(model.tags.get(tag, ""))
    registry.tag_model(
        version.name, tag, history.text_of(history.promoted(known, model.aliases.get(alias), version.number))
    )
    if history.rolled_back_tag_of(alias) in version.tags:
        registry.untag_version(version, history.rolled_back_tag_of(alias))
