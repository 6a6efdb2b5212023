"""What docs/security.md promises about the code itself: no text becomes a program, no data is unpickled."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDERS = ("src", "packages", "scripts", "docker", "integrations")
MODULES = sorted(
    path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if "tests" not in path.relative_to(ROOT).parts
)
FORBIDDEN = {
    "eval", "exec", "compile", "os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput",
    "yaml.load", "yaml.full_load", "yaml.unsafe_load", "yaml.load_all", "OmegaConf.unsafe_load",
    "pickle.load", "pickle.loads", "cloudpickle.load", "cloudpickle.loads", "joblib.load", "torch.load",
    "shelve.open", "marshal.loads",
}  # fmt: skip
# A trial's task and configuration, on their way from a worker to the process of the trial that it has forked.
ALLOWED = {
    ("packages/sweeper/optuna_search/run/compose.py", "pickle.loads"),
    ("packages/sweeper/optuna_search/trial/process.py", "cloudpickle.loads"),
}


def test_there_are_modules_to_look_at():
    assert len(MODULES) > 100


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_becomes_a_program(module):
    name = str(module.relative_to(ROOT))
    calls = set(dangerous(ast.parse(module.read_text())))
    assert calls - {call for file, call in ALLOWED if file == name} == set()


@pytest.mark.parametrize(("file", "call"), sorted(ALLOWED))
def test_an_exception_is_still_needed(file, call):
    assert call in set(dangerous(ast.parse((ROOT / file).read_text())))


@pytest.mark.parametrize(
    ("code", "found"),
    [
        pytest.param("import pickle\npickle.loads(b'')", {"pickle.loads"}, id="a module's function"),
        pytest.param("from pickle import loads as read\nread(b'')", {"pickle.loads"}, id="by another name"),
        pytest.param("import torch as t\nt.load('x')", {"torch.load"}, id="of a module by another name"),
        pytest.param("subprocess.run('ls', shell=True)", {"shell=True"}, id="a shell"),
        pytest.param("numpy.load('x', allow_pickle=True)", {"allow_pickle=True"}, id="pickles in arrays"),
        pytest.param("archive.extractall()", {"extractall"}, id="an archive that may leave its folder"),
        pytest.param("yaml.safe_load('')\nre.compile('')", set(), id="nothing"),
    ],
)
def test_what_is_dangerous_is_found(code, found):
    assert set(dangerous(ast.parse(code))) == found


def dangerous(tree: ast.AST) -> Iterator[str]:
    """The forbidden calls of a module, by the names that its imports give to things."""
    full_names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            full_names |= {name.asname or name.name: name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            full_names |= {name.asname or name.name: f"{node.module}.{name.name}" for name in node.names}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        first, dot, rest = ast.unparse(node.func).partition(".")
        called = full_names.get(first, first) + dot + rest
        if called in FORBIDDEN:
            yield called
        if called.endswith(".extractall"):
            yield "extractall"
        for keyword in node.keywords:
            if keyword.arg in ("shell", "allow_pickle") and ast.unparse(keyword.value) != "False":
                yield f"{keyword.arg}={ast.unparse(keyword.value)}"
