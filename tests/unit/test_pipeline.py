"""`dvc.yaml` and `params.yaml` against the code and the configuration they stand for."""

import ast
from pathlib import Path

import pytest
import yaml

from src import freeze
from src.config import frozen
from src.config.provenance import Provenance

ROOT = Path(__file__).parents[2]
STAGES = ("prepare", "train", "evaluate", "tune_threshold", "decide")
# How runs are recorded, options are read and results are printed decides no file, nor does the page about the data,
# which the pipeline does not ask for: a change there trains nothing.
NOT_DECISIVE = ("src.mlflow", "src.config", "src.render.printed", "src.stages.prepare.look")


@pytest.fixture(scope="module")
def pipeline():
    return yaml.safe_load((ROOT / "dvc.yaml").read_text())


@pytest.fixture(scope="module")
def params():
    return yaml.safe_load((ROOT / frozen.FILE).read_text())


def test_the_frozen_configuration_is_that_of_conf(params):
    """params.yaml equals the composition of conf/ with the overrides that it names, to the letter."""
    provenance = Provenance(**params["provenance"])

    assert (ROOT / frozen.FILE).read_text() == frozen.freeze(provenance.overrides, provenance), (
        "params.yaml is stale: conf/ or the options have changed since it was frozen. Freeze it again with the command"
        " in its first lines."
    )


def test_the_committed_configuration_is_the_embedded_data_without_paths_of_a_machine(params):
    assert params["data"]["source"] == "synthetic"
    assert frozen.absolute_paths((ROOT / frozen.FILE).read_text()) == []
    assert freeze.freeze(params["provenance"]["overrides"]).text == (ROOT / frozen.FILE).read_text()


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_all_code_that_decides_its_results(pipeline, stage):
    """What its entry point imports, directly or not, lies under one of the stage's dependencies."""
    declared = [Path(dep) for dep in pipeline["stages"][stage]["deps"] if dep.startswith("src")]

    undeclared = {
        module.relative_to(ROOT)
        for module in _imported(ROOT / "src" / f"{stage}.py")
        if not any(module.relative_to(ROOT).is_relative_to(dep) for dep in declared)
    }

    assert not undeclared


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_depends_on_no_code_that_it_does_not_use(pipeline, stage):
    imported = {module.relative_to(ROOT) for module in _imported(ROOT / "src" / f"{stage}.py")}

    unused = [
        dep
        for dep in pipeline["stages"][stage]["deps"]
        if dep.startswith("src") and not any(module.is_relative_to(dep) for module in imported)
    ]

    assert not unused


@pytest.mark.parametrize("stage", STAGES)
def test_the_sections_of_a_stage_exist(pipeline, params, stage):
    assert set(pipeline["stages"][stage]["params"]) <= set(params)


def _imported(entry: Path) -> set[Path]:
    """The project's modules that a file imports, at its top or in a function, and theirs."""
    seen: set[Path] = set()
    found, queue = set(), [entry]
    while queue:
        path = queue.pop()
        if path in seen:
            continue
        seen.add(path)
        tree = ast.parse(path.read_text())
        if tree.body[1:] or not isinstance(tree.body[0], ast.Expr):  # a docstring alone decides nothing
            found.add(path)
        for node in ast.walk(tree):
            queue += [file for name in _names(node) if (file := _file(name)) is not None]
    return found


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)]
    return []


def _file(name: str) -> Path | None:
    if name.startswith(NOT_DECISIVE) or not name.startswith("src."):
        return None
    path = ROOT / Path(*name.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)
