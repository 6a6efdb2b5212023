"""Runs to promote, registered models, their versions and aliases, as MLflow has them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from src.core.errors import ConfigError, RegistryError, TrackingError, did_you_mean
from src.core.secrets import without_credentials
from src.mlflow.client import connected, translated
from src.mlflow.errors import RunNotFoundError
from src.mlflow.options import TrackingOptions
from src.mlflow.registry.description import usage
from src.mlflow.spool.folder import KEY_TAG, is_key

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

_ID_LENGTH = 32
_MODELS = "models:/"  # what the address of a version's files begins with
_MODEL = "detector"  # what a model is called in the run that it came from


@dataclass(frozen=True)
class StoredRun:
    """A run as the store has it.

    Attributes:
        run_id: The store's id.
        experiment_id: The store's id of its experiment.
        tags: Its tags, those of MLflow itself included.
    """

    run_id: str
    experiment_id: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class Version:
    """A version of a registered model.

    Attributes:
        name: The registered model.
        number: From 1 on.
        run_id: The run that it came from; None where nobody said.
        tags: Its tags.
    """

    name: str
    number: int
    run_id: str | None
    tags: Mapping[str, str]


@dataclass(frozen=True)
class RegisteredModel:
    """A name in the registry; without versions where there is none.

    Attributes:
        tags: Its tags.
        aliases: The number of the version that has each alias.
        versions: By number.
    """

    tags: Mapping[str, str]
    aliases: Mapping[str, int]
    versions: Mapping[int, Version]

    def at(self, name: str, alias: str) -> Version:
        """The version that has an alias.

        Raises:
            RegistryError: there is none; the message says which aliases there are.
        """
        if not self.versions:
            raise RegistryError(f"There is no registered model {name}.")
        if alias not in self.aliases:
            valid = f" It has {', '.join(sorted(self.aliases))}." if self.aliases else " It has none."
            raise RegistryError(f"{name} has no alias {alias}.{did_you_mean(alias, self.aliases)}{valid}")
        return self.versions[self.aliases[alias]]


@contextmanager
def open_registry(uri: str) -> Iterator["MlflowRegistry"]:
    """The registry at an MLflow tracking URI.

    Side effects: those of `src.mlflow.client.connected`, until it is closed.

    Raises:
        RegistryError: there is no such store.
    """
    with ExitStack() as stack:
        with _translated(f"opening {without_credentials(uri)}"):
            client = stack.enter_context(connected(uri))
        yield MlflowRegistry(client, uri)


@contextmanager
def registry_of(tracking: TrackingOptions) -> Iterator["MlflowRegistry"]:
    """The registry beside the store that runs are recorded in.

    Side effects: as `open_registry`.

    Raises:
        ConfigError: nothing is recorded.
        RegistryError: there is no such store.
    """
    if tracking.kind == "none":
        raise ConfigError("With tracking=none there is no registry; name a store: tracking=….")
    with open_registry(tracking.uri) as registry:
        yield registry


class MlflowRegistry:
    """Runs and registered models; made by `open_registry`. Every method may raise RegistryError."""

    def __init__(self, client: "MlflowClient", uri: str) -> None:
        self._client = client
        self._uri = uri

    def run(self, run_id: str) -> StoredRun:
        """A run by its id, or by the provisional key that it had before the store answered."""
        short = "" if len(run_id) >= _ID_LENGTH else f" (an id has {_ID_LENGTH} characters, and all are needed)"
        unknown = f"There is no run {run_id}{short}"
        with _translated(f"reading run {run_id} from {without_credentials(self._uri)}", unknown):
            if is_key(run_id):
                run_id = self._id_of(run_id)
            found = self._client.get_run(run_id)
        return StoredRun(str(found.info.run_id), str(found.info.experiment_id), dict(found.data.tags))

    def files(self, run_id: str, folder: str) -> list[str]:
        """The paths of the artifacts of a run in one of its folders."""
        with _translated(f"looking for {folder} in run {run_id}"):
            return [str(file.path) for file in self._client.list_artifacts(run_id, folder)]

    def fetch(self, run_id: str, path: str, into: Path) -> Path:
        """Download an artifact of a run, a file or a folder, to its own path below `into`."""
        with _translated(f"downloading {path} of run {run_id}"):
            return Path(self._client.download_artifacts(run_id, path, str(into)))

    def model(self, name: str) -> RegisteredModel:
        """All that the registry knows under a name."""
        with _translated(f"reading model {name} from {without_credentials(self._uri)}"):
            names = self._client.search_registered_models(f"name = '{name}'")
            if not names:
                return RegisteredModel({}, {}, {})
            found = self._client.get_registered_model(name)
            aliases = {alias: int(number) for alias, number in found.aliases.items()}
            return RegisteredModel(dict(found.tags), aliases, {each.number: each for each in self._versions(name)})

    def register(
        self, name: str, folder: Path, run: StoredRun, *, tags: Mapping[str, str], description: str
    ) -> Version:
        """Upload a model's folder as a model of the run, and make it the next version of a name.

        Side effects: completes the folder's `MLmodel`.
        """
        from mlflow.entities import LoggedModelOutput
        from mlflow.models import Model

        with _translated(f"registering {name}"):
            made = self._client.create_logged_model(
                run.experiment_id, name=_MODEL, source_run_id=run.run_id, model_type=_MODEL
            )
            try:
                content = Model.load(str(folder))
                content.model_id, content.run_id = made.model_id, run.run_id
                content.save(str(folder / "MLmodel"))
                self._client.log_model_artifacts(made.model_id, str(folder))
            except BaseException:
                self._client.finalize_logged_model(made.model_id, "FAILED")
                raise
            self._client.finalize_logged_model(made.model_id, "READY")
            self._client.log_outputs(run.run_id, [LoggedModelOutput(made.model_id, step=0)])
            if not self._client.search_registered_models(f"name = '{name}'"):
                text = "\n".join(["Made by `python -m src.promote`.", "", *usage(f"{name}@ALIAS")])
                self._client.create_registered_model(name, description=text)
            version = self._client.create_model_version(
                name,
                source=f"{_MODELS}{made.model_id}",
                run_id=run.run_id,
                tags=dict(tags),
                description=description,
                await_creation_for=0,
                model_id=made.model_id,
            )
        return _version(version)

    def fetch_model(self, version: Version, into: Path) -> Path:
        """Download a version; returns the model's folder."""
        from mlflow.artifacts import download_artifacts

        with _translated(f"downloading version {version.number} of {version.name}"):
            place = self._client.get_model_version_download_uri(version.name, str(version.number))
            return Path(download_artifacts(artifact_uri=place, dst_path=str(into), tracking_uri=self._uri))

    def add_file(self, version: Version, path: Path) -> None:
        """Put a file into a version's folder; one of the same name is replaced."""
        with _translated(f"adding {path.name} to version {version.number} of {version.name}"):
            source = str(self._client.get_model_version(version.name, str(version.number)).source)
            self._client.log_model_artifact(source.removeprefix(_MODELS), str(path))

    def set_alias(self, name: str, alias: str, number: int) -> None:
        """Let an alias name that version, and no other."""
        with _translated(f"setting {name}@{alias}"):
            self._client.set_registered_model_alias(name, alias, str(number))

    def tag_model(self, name: str, key: str, value: str) -> None:
        """Set a tag of a name."""
        with _translated(f"tagging {name}"):
            self._client.set_registered_model_tag(name, key, value)

    def tag_version(self, version: Version, key: str, value: str) -> None:
        """Set a tag of a version."""
        with _translated(f"tagging version {version.number} of {version.name}"):
            self._client.set_model_version_tag(version.name, str(version.number), key, value)

    def untag_version(self, version: Version, key: str) -> None:
        """Remove a tag of a version."""
        with _translated(f"tagging version {version.number} of {version.name}"):
            self._client.delete_model_version_tag(version.name, str(version.number), key)

    def describe_again(self, version: Version, tags: Mapping[str, str], description: str, stale: Sequence[str]) -> None:
        """Let a version say what was found out since: new tags and text in the place of old ones.

        Args:
            version: The version.
            tags: What it says now.
            description: Likewise, as text.
            stale: Beginnings of tags that are to go where `tags` has them not.
        """
        for key, value in tags.items():
            if version.tags.get(key) != value:
                self.tag_version(version, key, value)
        for key in version.tags:
            if key.startswith(tuple(stale)) and key not in tags:
                self.untag_version(version, key)
        with _translated(f"describing version {version.number} of {version.name}"):
            self._client.update_model_version(version.name, str(version.number), description)

    def _id_of(self, key: str) -> str:
        experiments = [experiment.experiment_id for experiment in self._client.search_experiments()]
        runs = self._client.search_runs(experiments, f"tags.`{KEY_TAG}` = '{key}'", max_results=1)
        if not runs:
            raise RegistryError(f"There is no run {key} in {without_credentials(self._uri)}.")
        return str(runs[0].info.run_id)

    def _versions(self, name: str) -> Iterator[Version]:
        token = None
        while True:
            page = self._client.search_model_versions(f"name = '{name}'", page_token=token)
            yield from map(_version, page)
            token = page.token
            if not token:
                return


def _version(found: Any) -> Version:
    return Version(str(found.name), int(found.version), found.run_id or None, dict(found.tags))


@contextmanager
def _translated(what: str, unknown: str = "") -> Iterator[None]:
    """Turn the errors of a store into a RegistryError of one line.

    Args:
        what: What is tried.
        unknown: What it means where the store does not know what it is asked for.
    """
    try:
        with translated(what):
            yield
    except RunNotFoundError as error:
        raise RegistryError(f"{unknown}." if unknown else str(error)) from error
    except TrackingError as error:
        raise RegistryError(str(error)) from error
