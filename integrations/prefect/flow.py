"""The stages of `dvc.yaml` as a Prefect flow: `python -m integrations.prefect.flow`, docs/guides/zenml.md."""

import os
from pathlib import Path

os.environ |= {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"}  # read when Prefect is imported
os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")  # 20 are not enough the first time

from prefect import flow, task
from prefect.cache_policies import INPUTS
from prefect.settings import PREFECT_LOCAL_STORAGE_PATH

from integrations import dvc_stages

ROOT = Path.cwd()
PYTHON = Path(os.environ.get("PROJECT_PYTHON", ".venv/bin/python"))
KEPT = PREFECT_LOCAL_STORAGE_PATH.value() / "files"  # by the digest of their content; beside the results that name them


@task(cache_policy=INPUTS, persist_result=True, log_prints=True)
def run_stage(cmd: str, outs: tuple[str, ...], key: str, inputs: dict[str, str]) -> dict[str, str]:  # noqa: ARG001
    """A stage; its cache key is that of all arguments. The result is the digests of what it has made."""
    lay(inputs)
    dvc_stages.run(cmd, outs, PYTHON, ROOT)
    made = {out: str(content(out)) for out in outs}
    for out, digest in made.items():
        dvc_stages.replace(KEPT / digest, ROOT / out)
    return made


def content(path: str) -> str | None:
    """The digest of a file or folder of the project."""
    return dvc_stages.digest(ROOT / path, dvc_stages.ignored_names(ROOT))


def lay(files: dict[str, str]) -> None:
    """Put what stages have made where it belongs, where it is missing or another."""
    for out, digest in files.items():
        if content(out) != digest:
            dvc_stages.replace(ROOT / out, KEPT / digest)


@flow(log_prints=True)
def detection() -> None:
    """All stages of dvc.yaml, one after the other."""
    made: dict[str, dict[str, str]] = {}
    for stage in dvc_stages.read_stages(ROOT):
        inputs = {out: digest for name in stage.after for out, digest in made[name].items()}
        state = run_stage.with_options(name=stage.name)(stage.cmd, stage.outs, stage.key, inputs, return_state=True)
        made[stage.name] = state.result()
        lay(made[stage.name])  # a cached task has not written its files
        print(f"{stage.name}: {state.name}")


if __name__ == "__main__":
    detection()
