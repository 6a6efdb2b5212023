"""`python -m src.freeze [overrides] [+study=NAME [+trial=N]]`: write the configuration that `dvc repro` runs."""

import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from src.config import frozen
from src.config.provenance import Provenance
from src.core.errors import ConfigError, ProjectError
from src.core.files import write_text

_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")
_STUDY, _TRIAL, _STORAGE = "+study=", "+trial=", "hydra.sweeper.storage="


def main(arguments: Sequence[str]) -> None:
    """Compose, resolve and write `params.yaml`.

    Side effects: replaces the file; prints what it did; exits with status 2 where that is impossible.
    """
    if {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\n\nOverrides are those of `python -m src.train`. See docs/guides/pipeline.md.")
        return
    try:
        text = frozen_text(arguments)
    except ProjectError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    before = frozen.FILE.read_text(encoding="utf-8") if frozen.FILE.is_file() else None
    write_text(frozen.FILE, text)
    print(f"{frozen.FILE} is {'unchanged' if before == text else 'written'}. Run it: dvc repro")
    for path in frozen.absolute_paths(text):
        print(f"Only this machine has {path}; a path relative to the project would work on others too.")


def frozen_text(arguments: Sequence[str]) -> str:
    """The content of `params.yaml` for a command line.

    Raises:
        ConfigError: it cannot be composed, or there is no such study or trial.
    """
    study, trial = _value(arguments, _STUDY), _value(arguments, _TRIAL)
    overrides = [argument for argument in arguments if not argument.startswith((_STUDY, _TRIAL))]
    if study is not None:
        return _of_study(study, trial, overrides)
    if trial is not None:
        raise ConfigError(f"{_TRIAL}{trial} says nothing without {_STUDY}NAME.")
    return frozen.freeze(overrides)


def _of_study(study: str, number: str | None, overrides: Sequence[str]) -> str:
    from src.study.finished import choose_trial  # takes as long as Optuna does

    if number is not None and not number.isdigit():
        raise ConfigError(f"{_TRIAL}{number}: expected the number of a trial.")
    storage = frozen.storage_of(overrides)
    trial = choose_trial(storage, study, None if number is None else int(number))
    provenance = Provenance(
        study=trial.study,
        trial=trial.number,
        storage=_CREDENTIALS.sub(r"\1", storage if isinstance(storage, str) else _address(storage)),
        mlflow_run_id=trial.mlflow_run_id,
    )
    said = [override for override in overrides if not override.startswith(_STORAGE)]
    return frozen.freeze([*trial.overrides, *said], provenance)


def _address(storage: Mapping[str, Any]) -> str:
    """What names a storage that is given as a mapping; the rest of it may be secret."""
    return str(storage.get("url") or storage["_target_"])


def _value(arguments: Sequence[str], prefix: str) -> str | None:
    values = [argument.removeprefix(prefix) for argument in arguments if argument.startswith(prefix)]
    return values[-1] if values else None


if __name__ == "__main__":
    main(sys.argv[1:])
