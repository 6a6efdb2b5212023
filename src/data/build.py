"""From options to a prepared data set on disk: complete, or not there at all."""

import hashlib
import json
import logging
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from filelock import FileLock
from optuna_search.cores import available_cores
from rich.progress import track

from src.core.errors import DataError
from src.core.files import folder_when_complete, sha256_of, write_text
from src.data.disk import check_room, disk_errors_explained
from src.data.images import Resize, Written, write_image
from src.data.ingredients import content_state
from src.data.labels import format_labels
from src.data.manifest import SplitContent, digest_of
from src.data.near_duplicates import near_duplicates
from src.data.options import DataOptions
from src.data.parts import into_splits, labelled_once
from src.data.prepared import PreparedData, read_manifest
from src.data.problems import Problems
from src.data.sample import Sample, keep_classes
from src.data.sources import source_for
from src.documents.manifest import Manifest, Source

_log = logging.getLogger(__name__)

_SHOWN = 10  # pairs of near duplicates
_LONGEST_STEM = 240  # bytes; file systems take 255 with the suffix


def ensure_prepared(options: DataOptions) -> PreparedData:
    """The data set that `options` describe: the one on disk if it was made by the same options, else made now.

    Safe when several processes ask at once; takes milliseconds when there is nothing to do. A data set that was made
    by other options is replaced: give it another `data.name` to keep both.

    Raises:
        DataError: the source is missing or not what it should be.
    """
    folder = options.folder
    with disk_errors_explained(folder):
        recipe = _recipe(options)
        if (found := _existing(folder, recipe)) is not None:
            return found
        folder.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(folder.parent / f".{folder.name}.lock"):
            if (found := _existing(folder, recipe)) is not None:
                return found  # another process was faster
            _remove_leftovers(folder)
            _log.info("Preparing %s in %s", options.name, folder)
            _build(options, recipe)
    return PreparedData.load(folder)


def is_prepared(options: DataOptions) -> bool:
    """Whether the data set is there as the options describe it, so that `ensure_prepared` would write nothing."""
    return _existing(options.folder, _recipe(options)) is not None


def _recipe(options: DataOptions) -> dict[str, Any]:
    """What the manifest remembers to know whether the data set is still the right one, as JSON would return it."""
    memory = options.folder.parent / f".{options.folder.name}.source.json"  # not in the data set, which DVC compares
    recipe = {**options.recipe(), "source_content": content_state(options, memory)}
    content: dict[str, Any] = json.loads(json.dumps(recipe))
    return content


def _existing(folder: Path, recipe: Mapping[str, Any]) -> PreparedData | None:
    try:
        return PreparedData.load(folder) if read_manifest(folder).recipe == recipe else None
    except DataError as reason:
        _log.debug("not usable: %s", reason)
        return None


def _remove_leftovers(folder: Path) -> None:
    """Remove what killed processes left; only the holder of the lock may."""
    scratch = re.compile(rf"\.{re.escape(folder.name)}\.(old\.)?[a-z0-9_]{{8}}")
    for path in folder.parent.iterdir():
        if scratch.fullmatch(path.name):
            shutil.rmtree(path, ignore_errors=True)


def _build(options: DataOptions, recipe: Mapping[str, Any]) -> None:
    with folder_when_complete(options.folder) as scratch:
        work = scratch / ".work"
        work.mkdir()
        data = labelled_once(keep_classes(source_for(options).read(work), options.classes))
        parts = into_splits(data, options)
        _check_room(parts, scratch)
        contents = _write(parts, scratch, options)
        alike = _alike(contents)
        shutil.rmtree(work)
        files = {path.relative_to(scratch).as_posix(): sha256_of(path) for path in _files(scratch)}
        _describe(scratch, data.class_names, parts)
        Manifest(
            name=options.name,
            digest=digest_of(files),
            source=Source(options.source, data.facts),
            classes=tuple(data.class_names),
            splits={split: content.summary(data.class_names) for split, content in contents.items()},
            near_duplicates=alike,
            groups={name: group for content in contents.values() for name, group in content.groups.items()},
            recipe=recipe,
            files=files,
        ).write(scratch)


def _check_room(parts: Mapping[str, Sequence[Sample]], folder: Path) -> None:
    sizes = (sample.image.stat().st_size for part in parts.values() for sample in part if sample.image.is_file())
    check_room(folder, sum(sizes))


def _write(parts: Mapping[str, Sequence[Sample]], root: Path, options: DataOptions) -> dict[str, SplitContent]:
    """Write images and labels.

    Raises:
        DataError: images that cannot be read, or the same picture in two splits.
    """
    problems = Problems()
    resize = Resize(options.resize, options.resize_mode) if options.resize is not None else None
    contents = {split: SplitContent() for split in parts}
    seen: dict[str, tuple[str, Sample]] = {}
    stems = _stems([sample for part in parts.values() for sample in part])
    jobs = [(split, sample, stems[sample.name]) for split, part in parts.items() for sample in part]
    for split in parts:
        for kind in ("images", "labels"):
            (root / kind / split).mkdir(parents=True)

    def write(job: tuple[str, Sample, str]) -> Written | DataError:
        split, sample, stem = job
        (root / "labels" / split / f"{stem}.txt").write_text(format_labels(sample.boxes), encoding="utf-8")
        try:
            return write_image(sample, root / "images" / split / stem, resize, options.max_megapixels * 1e6)
        except DataError as error:
            return error

    with ThreadPoolExecutor(max_workers=_threads()) as pool:  # decoding leaves the interpreter lock
        results = track(pool.map(write, jobs), f"Preparing {options.name}", total=len(jobs), transient=True)
        for (split, sample, stem), result in zip(jobs, results, strict=True):
            if isinstance(result, DataError):
                problems.add(str(result))
                continue
            contents[split].add(sample, result)
            if sample.group is not None:
                contents[split].groups[f"{split}/{stem}"] = sample.group
            first_split, first = seen.setdefault(result.content, (split, sample))
            if first_split != split:
                problems.add(
                    f"the same image is in two splits: {first.image} ({first_split}) and {sample.image} ({split});"
                    " what is trained on must not be judged on: remove one"
                )
    problems.raise_if_any()
    return contents


def _alike(contents: Mapping[str, SplitContent]) -> tuple[tuple[str, str], ...]:
    """Images with a near duplicate in a split before theirs, as `split/name` in pairs; they are warned of."""
    thumbnails = {split: np.array(content.thumbnails, float) for split, content in contents.items()}
    pairs = [
        (f"{split}/{contents[split].images[number]}", f"{other}/{contents[other].images[other_number]}")
        for split, number, other, other_number in near_duplicates(thumbnails)
    ]
    if pairs:
        shown = "".join(f"\n  {one} and {two}" for one, two in pairs[:_SHOWN])
        more = f"\n  … and {len(pairs) - _SHOWN} more, in the manifest" if len(pairs) > _SHOWN else ""
        _log.warning(
            "%d pictures are nearly the same as one of another split: what is trained on would be judged on. Keep such"
            " pictures together with data.groups, or with splits of the data set's own:%s%s",
            len(pairs),
            shown,
            more,
        )
    return tuple(pairs)


def _stems(samples: Sequence[Sample]) -> dict[str, str]:
    """File names without suffix, by sample; folders become part of the name where names alone are not unique."""
    names = [Path(sample.name) for sample in samples]
    short = {name.stem for name in names}
    own = [name.stem if len(short) == len(names) else "__".join(name.with_suffix("").parts) for name in names]
    stems = [_fitting(stem) for stem in own]
    owners: dict[str, str] = {}
    for sample, stem in zip(samples, stems, strict=True):
        if stem in owners:
            raise DataError(f"two images would both be called '{stem}': {owners[stem]} and {sample.name}; rename one")
        owners[stem] = sample.name
    return {name: stem for stem, name in owners.items()}


def _fitting(stem: str) -> str:
    """A name that a file can have: of one that is too long, as much as fits and a digest of all of it."""
    if len(stem.encode()) <= _LONGEST_STEM:
        return stem
    digest = hashlib.sha256(stem.encode()).hexdigest()[:16]
    return f"{stem.encode()[: _LONGEST_STEM - 17].decode(errors='ignore')}-{digest}"


def _threads() -> int:
    return min(8, available_cores())


def _describe(root: Path, class_names: Sequence[str], parts: Mapping[str, Sequence[Sample]]) -> None:
    """Write data.yaml; without a `path`, Ultralytics takes the folder that it lies in, so that it can be moved."""
    description = {split: f"images/{split}" for split in parts} | {"names": dict(enumerate(class_names))}
    write_text(root / "data.yaml", yaml.safe_dump(description, sort_keys=False, allow_unicode=True))


def _files(root: Path) -> Iterator[Path]:
    return (path for kind in ("images", "labels") for path in (root / kind).rglob("*") if path.is_file())
