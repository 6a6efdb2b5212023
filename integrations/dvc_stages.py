"""The stages of `dvc.yaml` for another orchestrator: what runs, on what, what it makes, and a key of what decides it.

Needs the standard library and PyYAML only, because an orchestrator has an environment of its own. DVC stays the place
where stages are described: this module reads `dvc.yaml` and `params.yaml`, and writes neither.
"""

import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

_READ = {"cmd", "deps", "params", "outs", "metrics", "plots"}
_WITHOUT_EFFECT = {"desc", "meta"}


class PipelineError(Exception):
    """`dvc.yaml` has what this module cannot run, or a stage has failed."""


@dataclass(frozen=True)
class Stage:
    """A stage of `dvc.yaml`, with the values of `params.yaml` in place.

    Attributes:
        name: Its name.
        cmd: The command, for `run`.
        deps: The files and folders that it reads, relative to the project.
        outs: Those that it makes.
        after: The stages whose outs it reads.
        key: A digest of its command, its parameters and of those deps that no stage makes: code, archives, weights.
            What earlier stages have made is not in it: an orchestrator knows that from the artifacts it hands over.
    """

    name: str
    cmd: str
    deps: tuple[str, ...]
    outs: tuple[str, ...]
    after: tuple[str, ...]
    key: str


def read_stages(root: Path) -> list[Stage]:
    """The stages of a project, each after those whose outs it reads.

    Raises:
        PipelineError: If `dvc.yaml` uses a form that is not read here, or a dependency is missing.
    """
    pipeline = yaml.safe_load((root / "dvc.yaml").read_text(encoding="utf-8"))
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    if "vars" in pipeline:
        raise PipelineError("dvc.yaml: vars are not read here; put the values into params.yaml")
    entries = {name: _checked(name, entry, params) for name, entry in pipeline["stages"].items()}
    outs = {name: tuple(path for kind in ("outs", "metrics", "plots") for path in _paths(entry.get(kind)))
            for name, entry in entries.items()}  # fmt: skip
    for name, paths in outs.items():
        _check_inside(name, paths)
    deps = {name: tuple(_paths(entry.get("deps"))) for name, entry in entries.items()}
    after = {name: tuple(other for other in entries if _any_within(deps[name], outs[other])) for name in entries}
    try:
        order = list(TopologicalSorter(after).static_order())
    except CycleError as error:
        raise PipelineError(f"dvc.yaml: stages wait for each other: {' → '.join(error.args[1])}") from error
    ignored = ignored_names(root)
    made = [path for paths in outs.values() for path in paths]
    stages = []
    for name in order:
        given = {path: digest(root / path, ignored) for path in deps[name] if not _any_within([path], made)}
        if missing := [path for path, content in given.items() if content is None]:
            raise PipelineError(f"dvc.yaml: stage {name} depends on {missing[0]}, which does not exist")
        values = {section: _value(params, section, name) for section in entries[name].get("params", [])}
        text = json.dumps([name, entries[name]["cmd"], outs[name], given, values], sort_keys=True, default=str)
        key = hashlib.sha256(text.encode()).hexdigest()
        stages.append(Stage(name, entries[name]["cmd"], deps[name], outs[name], after[name], key))
    return stages


def run(cmd: str, outs: Iterable[str], python: Path, root: Path) -> None:
    """Run a stage's command as DVC does: in the project's folder, without the outs of before.

    Args:
        cmd: The command; no shell reads it.
        outs: What is removed before.
        python: The project's interpreter; `python` and other programs are looked for in its folder first.
        root: The project's folder.

    Raises:
        PipelineError: If the command fails.
    """
    for out in outs:
        _remove(root / out)
    folder = str(python.parent.absolute())
    environment = {**os.environ, "PATH": os.pathsep.join([folder, os.environ["PATH"]])}
    status = subprocess.run(shlex.split(cmd), cwd=root, env=environment, check=False).returncode
    if status:
        raise PipelineError(f"`{cmd}` ended with status {status}; its output above says why")


def replace(target: Path, source: Path) -> None:
    """Put a copy of a file or folder where another one, or nothing, is."""
    _remove(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target)
    else:
        shutil.copy2(source, target)


def digest(path: Path, ignored: Iterable[str] = ()) -> str | None:
    """SHA-256 of a file's content, or of the names and contents in a folder; None where nothing is.

    Args:
        path: A file or folder.
        ignored: Patterns of names of files and folders that do not count.
    """
    if path.is_file():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    if not path.is_dir():
        return None
    entries = [
        [entry.name, entry.is_dir(), digest(entry, ignored)]
        for entry in sorted(path.iterdir())
        if not any(fnmatch(entry.name, pattern) for pattern in ignored)
    ]
    return hashlib.sha256(json.dumps(entries).encode()).hexdigest()


def ignored_names(root: Path) -> list[str]:
    """The names that `.dvcignore` leaves out everywhere: what appears beside data and code while they are used."""
    file = root / ".dvcignore"
    lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()] if file.is_file() else []
    patterns = [line.rstrip("/") for line in lines if line and not line.startswith("#")]
    if unread := [pattern for pattern in patterns if "/" in pattern or pattern.startswith("!")]:
        raise PipelineError(f".dvcignore: {unread[0]} is not read here: only names and patterns of names, without /")
    return patterns


def _checked(name: str, entry: Mapping[str, Any], params: Mapping[str, Any]) -> dict[str, Any]:
    """A stage's entry with `${…}` replaced."""
    if unknown := sorted(set(entry) - _READ - _WITHOUT_EFFECT):
        raise PipelineError(f"dvc.yaml: stage {name} has {', '.join(unknown)}: not read here, only {sorted(_READ)}")
    filled: dict[str, Any] = _filled(dict(entry), params, name)
    if not isinstance(filled["cmd"], str):
        raise PipelineError(f"dvc.yaml: the cmd of stage {name} is a list: make it one command")
    for section in filled.get("params", []):
        if not isinstance(section, str):
            raise PipelineError(
                f"dvc.yaml: stage {name} has params of another file: only those of params.yaml are read"
            )
    return filled


def _check_inside(stage: str, outs: Iterable[str]) -> None:
    """Refuse outs that are no part of the project: they are removed before the stage runs."""
    for out in outs:
        if Path(out).is_absolute() or Path(os.path.normpath(out)).parts[:1] in ((), ("..",)):
            raise PipelineError(f"dvc.yaml: stage {stage} makes {out}, which is not inside the project's folder")


def _filled(value: Any, params: Mapping[str, Any], stage: str) -> Any:
    if isinstance(value, dict):
        return {_filled(key, params, stage): _filled(part, params, stage) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, params, stage) for part in value]
    if isinstance(value, str):
        return re.sub(r"\$\{([^}]+)\}", lambda found: str(_value(params, found[1].strip(), stage)), value)
    return value


def _value(params: Mapping[str, Any], name: str, stage: str) -> Any:
    """The value under a dotted name."""
    value: Any = params
    for part in name.split("."):
        if not isinstance(value, Mapping) or part not in value:
            raise PipelineError(f"dvc.yaml: stage {stage} names {name}, which params.yaml does not have")
        value = value[part]
    return value


def _paths(entries: Iterable[str | Mapping[str, Any]] | None) -> list[str]:
    """Paths, of which some have options: `- path: {cache: false}`."""
    return [path for entry in entries or () for path in ([entry] if isinstance(entry, str) else entry)]


def _any_within(paths: Iterable[str], others: Iterable[str]) -> bool:
    """Whether one of the paths is, holds or lies in one of the others."""
    pairs = [(Path(path), Path(other)) for path in paths for other in others]
    return any(path.is_relative_to(other) or other.is_relative_to(path) for path, other in pairs)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
