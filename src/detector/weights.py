"""Where weights come from: a path, or a public name whose digest is known; and whether they can be trained."""

from pathlib import Path

from src.core.errors import ConfigError, DataError, did_you_mean
from src.core.files import sha256_of
from src.detector.families import check_architecture, check_public_name, check_weights
from src.detector.options import ModelOptions
from src.detector.pins import RELEASE, download, pins


def starting_weights(model: ModelOptions) -> Path | None:
    """The file to start from, None where the model starts from its architecture; of a model that can be trained.

    Side effects: as `resolve_weights`.

    Raises:
        ConfigError: the model is of another task or family, or not Ultralytics'; also as `resolve_weights`.
    """
    if not model.weights:
        check_architecture(str(model.architecture))
    elif not Path(model.weights).expanduser().is_file():
        check_public_name(model.weights)
    path = resolve_weights(model)
    if path is not None and not model.trust_pickle:  # own classes may have any name
        check_weights(path, "model.weights")
    return path


def resolve_weights(options: ModelOptions) -> Path | None:
    """The file to start from; None where the model starts from its architecture.

    Side effects: downloads a public file once, into the cache folder.

    Raises:
        ConfigError: there is no such file, or its digest is not known.
        DataError: the digest is another than expected.
        TrainingError: the download failed.
    """
    if not options.weights:
        return None
    path = Path(options.weights).expanduser()
    if path.is_file():
        if options.sha256 is not None:
            _check(path, options.sha256)
        return path
    if path.name != options.weights or path.suffix != ".pt":
        raise ConfigError(f"model.weights={options.weights}: there is no such file (looked in {Path.cwd()}).")
    return _public(options, path.name)


def _public(options: ModelOptions, name: str) -> Path:
    pin = pins().get(name)
    expected = options.sha256 or (pin.sha256 if pin is not None else None)
    if expected is None:
        raise ConfigError(
            f"model.weights={name}: there is no such file here, and as a public name its sha256 is not known."
            f"{did_you_mean(name, pins())} Give the path of a file, or `model.sha256=…` to download it, or pin"
            f" it in the repository: `python -m scripts.pin_weights {name}`."
        )
    cached = Path(options.cache) / name
    if not cached.is_file():
        download(pin.url if pin is not None else f"{RELEASE}/{name}", cached, expected)
    elif sha256_of(cached) != expected:
        raise DataError(
            f"{cached} is not {name} as published: its sha256 is not {expected}. Delete it to fetch it again."
        )
    return cached


def _check(path: Path, expected: str) -> None:
    if (found := sha256_of(path)) != expected:
        raise DataError(
            f"model.weights={path} has the sha256 {found}; model.sha256 says {expected}. "
            "Set model.sha256=null to use the file as it is."
        )
