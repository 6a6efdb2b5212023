"""The stages of `dvc.yaml` as a ZenML pipeline: `python -m integrations.zenml.pipeline`, docs/guides/zenml.md.

Each stage is a step that runs the stage's command with the project's interpreter. The stages record their runs in
MLflow themselves, so that ZenML needs no tracker.
"""

import json
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

os.environ |= {"ZENML_ANALYTICS_OPT_IN": "false"}  # read when ZenML is imported

from zenml import pipeline, step
from zenml.enums import ArtifactType
from zenml.io import fileio
from zenml.materializers.base_materializer import BaseMaterializer

from integrations import dvc_stages

ROOT = Path.cwd()
PYTHON = Path(os.environ.get("PROJECT_PYTHON", ".venv/bin/python"))


class Files(tuple[str, ...]):
    """Paths of files and folders in the project, whose content is the artifact."""

    __slots__ = ()

    def digests(self) -> list[str | None]:
        """Of the content that is in the project now."""
        return [dvc_stages.digest(ROOT / path, dvc_stages.ignored_names(ROOT)) for path in self]


class FilesMaterializer(BaseMaterializer):
    """An archive of the files; loading it puts them back into the project, where they are missing or others."""

    ASSOCIATED_TYPES: ClassVar[tuple[type, ...]] = (Files,)
    ASSOCIATED_ARTIFACT_TYPE: ClassVar[ArtifactType] = ArtifactType.DATA

    def save(self, data: Files) -> None:  # noqa: D102
        with fileio.open(f"{self.uri}/files.json", "w") as file:
            json.dump({"paths": data, "digests": data.digests()}, file)
        with tempfile.TemporaryDirectory() as folder:
            for number, path in enumerate(data):
                dvc_stages.replace(Path(folder, "files", str(number)), ROOT / path)
            fileio.copy(shutil.make_archive(f"{folder}/files", "gztar", f"{folder}/files"), f"{self.uri}/files.tar.gz")

    def load(self, data_type: type[Any]) -> Files:  # noqa: ARG002, D102
        with fileio.open(f"{self.uri}/files.json") as file:
            saved = json.load(file)
        files = Files(saved["paths"])
        if files.digests() != saved["digests"]:
            with tempfile.TemporaryDirectory() as folder:
                fileio.copy(f"{self.uri}/files.tar.gz", f"{folder}/files.tar.gz")
                shutil.unpack_archive(f"{folder}/files.tar.gz", f"{folder}/files", filter="data")
                for number, path in enumerate(files):
                    dvc_stages.replace(ROOT / path, Path(folder, "files", str(number)))
        return files


@step(enable_cache=True, output_materializers=FilesMaterializer)
def run_stage(cmd: str, outs: list[str], key: str, inputs: list[Files]) -> Files:  # noqa: ARG001
    """A stage; ZenML's cache compares all arguments, `key` among them, and loading `inputs` puts them in place."""
    dvc_stages.run(cmd, outs, PYTHON, ROOT)
    return Files(outs)


@pipeline(enable_cache=True)
def detection() -> None:
    """All stages of dvc.yaml."""
    made: dict[str, Any] = {}
    for stage in dvc_stages.read_stages(ROOT):
        made[stage.name] = run_stage(
            stage.cmd, list(stage.outs), stage.key, [made[name] for name in stage.after], id=stage.name
        )


if __name__ == "__main__":
    finished = detection()
    for name, done in finished.steps.items():
        done.output.load()  # a cached step has not written its files
        print(f"{name}: {done.status.value}")
