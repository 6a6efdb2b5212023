"""`python -m src.freeze [overrides] [+study=NAME [+trial=N]]`: write the configuration that `dvc repro` runs."""

import re
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from src.config import frozen
from src.config.own_data import with_own_data
from src.config.provenance import Provenance
from src.core.errors import ConfigError, ProjectError
from src.core.files import write_text
from src.documents.study_record import StudyRecord

_CREDENTIALS = re.compile(r"(\w+://)[^/\s@]+@")
_STUDY, _TRIAL, _STORAGE = "+study=", "+trial=", "hydra.sweeper.storage="


def main(arguments: Sequence[str]) -> None:
    """Compose, resolve and write `params.yaml`.

    Side effects: replaces the file, and `study.json` where a study is named; prints what it did; exits with status 2
    where that is impossible.
    """
    if {"-h", "--help"} & set(arguments):
        print(f"{__doc__}\n\nOverrides are those of `python -m src.train`. See docs/guides/pipeline.md.")
        return
    try:
        made = freeze(arguments)
    except ProjectError as error:
        sys.exit(f"{type(error).__name__}: {error}")
    before = frozen.FILE.read_text(encoding="utf-8") if frozen.FILE.is_file() else None
    keep(made)
    run = "dvc repro" if Path("dvc.yaml").is_file() else "detsearch pipeline"  # of one's own folder, which has none
    print(f"{frozen.FILE} is {'unchanged' if before == made.text else 'written'}. Run it: {run}")
    for line in made.remarks:
        print(line)
    for path in frozen.absolute_paths(made.text):
        print(f"Only this machine has {path}; a path relative to the project would work on others too.")


@dataclass(frozen=True)
class Frozen:
    """What a command line freezes.

    Attributes:
        text: The content of `params.yaml`.
        record: What the study has found, for `study.json`; None without a study.
        remarks: What to know about the trial, sentences.
    """

    text: str
    record: StudyRecord | None = None
    remarks: tuple[str, ...] = ()


def keep(made: Frozen) -> None:
    """Write what was frozen.

    Side effects: replaces `params.yaml`, and `study.json` where a study is named.
    """
    if made.record is not None:
        made.record.write(frozen.FILE.parent)  # first: the configuration names it
    write_text(frozen.FILE, made.text)


def freeze(arguments: Sequence[str]) -> Frozen:
    """What a command line freezes.

    Raises:
        ConfigError: it cannot be composed, or there is no such study or trial.
    """
    study, trial = _value(arguments, _STUDY), _value(arguments, _TRIAL)
    overrides = with_own_data([given for given in arguments if not given.startswith((_STUDY, _TRIAL))])
    if study is not None:
        return _of_study(study, trial, overrides)
    if trial is not None:
        raise ConfigError(f"{_TRIAL}{trial} says nothing without {_STUDY}NAME.")
    return Frozen(frozen.freeze(overrides))


def _of_study(study: str, number: str | None, overrides: Sequence[str]) -> Frozen:
    from src.study.finished import choose_trial, load_study  # takes as long as Optuna does
    from src.study.record import record_of
    from src.study.survival import check_survival

    if number is not None and not number.isdigit():
        raise ConfigError(f"{_TRIAL}{number}: expected the number of a trial.")
    storage = frozen.storage_of(overrides)
    found = load_study(storage, study)
    trial, record = choose_trial(found, None if number is None else int(number)), record_of(found)
    provenance = Provenance(
        study=trial.study,
        trial=trial.number,
        storage=_CREDENTIALS.sub(r"\1", storage if isinstance(storage, str) else _address(storage)),
        mlflow_run_id=trial.mlflow_run_id,
        study_record=StudyRecord.FILE,
    )
    said = [override for override in overrides if not override.startswith(_STORAGE)]
    finding = check_survival(record, trial.number)
    known = (finding.sentence, finding.action) if record.confirmation is not None else ()
    return Frozen(frozen.freeze([*trial.overrides, *said], provenance), record, tuple(line for line in known if line))


def _address(storage: Mapping[str, Any]) -> str:
    """What names a storage that is given as a mapping; the rest of it may be secret."""
    return str(storage.get("url") or storage["_target_"])


def _value(arguments: Sequence[str], prefix: str) -> str | None:
    values = [argument.removeprefix(prefix) for argument in arguments if argument.startswith(prefix)]
    return values[-1] if values else None


if __name__ == "__main__":
    main(sys.argv[1:])
