"""An alias back to the version that had it before."""

from dataclasses import dataclass
from datetime import UTC, datetime

from src.core.errors import RegistryError
from src.mlflow.registry import history
from src.mlflow.registry.store import Version, registry_of
from src.stages.promote.stage import PromoteJob


@dataclass(frozen=True)
class RollbackOutcome:
    """What became of an alias.

    Attributes:
        alias: Which.
        version: Who has it again.
        taken_from: Who had it; None where no version had.
        left: How many more times it can be taken back.
    """

    alias: str
    version: Version
    taken_from: int | None
    left: int


def roll_back(job: PromoteJob) -> RollbackOutcome:
    """Give an alias back to the version that had it before; the next time, to the one before that.

    Side effects: changes the registry; the version that loses the alias is tagged with the time.

    Raises:
        ConfigError: nothing is recorded.
        RegistryError: there is no such model, or no version had the alias before; or the store does not answer.
    """
    name, alias = job.arguments.name, job.arguments.alias
    with registry_of(job.tracking) as registry:
        model = registry.model(name)
        if not model.versions:
            raise RegistryError(f"There is no registered model {name}; nothing was changed.")
        incumbent = model.aliases.get(alias)
        known = history.parse(model.tags.get(history.tag_of(alias), ""))
        if incumbent is None and not known:
            model.at(name, alias)  # refuses it, and says which aliases there are
        remaining = history.taken_back(known, incumbent, model.versions.keys())
        if not remaining:
            who = "nobody" if incumbent is None else f"version {incumbent}"
            raise RegistryError(
                f"{name}@{alias} is {who}, and no version that still exists had it before: there is nothing to go back"
                " to, and nothing was changed."
            )
        version = model.versions[remaining[-1]]
        registry.set_alias(name, alias, version.number)
        registry.tag_model(name, history.tag_of(alias), history.text_of(remaining))
        if incumbent is not None and incumbent in model.versions:
            at = datetime.now(UTC).isoformat(timespec="seconds")
            registry.tag_version(model.versions[incumbent], history.rolled_back_tag_of(alias), at)
        left = len(history.taken_back(remaining, version.number, model.versions.keys()))
        return RollbackOutcome(alias, version, incumbent, left)
