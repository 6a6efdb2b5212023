"""Stages of `dvc.yaml` as other orchestrators read them."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from integrations.dvc_stages import PipelineError, digest, read_stages, replace, run

ROOT = Path(__file__).parents[3]
PYTHON = Path(sys.executable)
PIPELINE = """
stages:
  last:
    cmd: python last.py --from ${first.folder}
    desc: what it is for
    deps: [code/last.py, "${first.folder}/files"]
    params: [last.beta]
    metrics: [metrics.json: {cache: false}]
  first:
    cmd: python first.py
    deps: [code, raw.zip]
    params: [first]
    outs: ["${first.folder}"]
"""


@pytest.fixture
def project(tmp_path):
    """Two stages, described in the other order."""
    (tmp_path / "dvc.yaml").write_text(PIPELINE)
    (tmp_path / "params.yaml").write_text("first: {folder: out/first, seed: 1}\nlast: {beta: 1.0, unread: 1}\n")
    (tmp_path / ".dvcignore").write_text("# not content\n*.cache\n__pycache__/\n")
    for name in ("code/first.py", "code/last.py", "raw.zip"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def keys(root):
    return {stage.name: stage.key for stage in read_stages(root)}


def changed(root, before):
    return {name for name, key in keys(root).items() if key != before[name]}


def test_stages_are_in_an_order_in_which_they_can_run(project):
    first, last = read_stages(project)

    assert (first.name, first.cmd, first.deps) == ("first", "python first.py", ("code", "raw.zip"))
    assert (first.outs, first.after) == (("out/first",), ())
    assert (last.name, last.cmd) == ("last", "python last.py --from out/first")
    assert (last.deps, last.outs, last.after) == (("code/last.py", "out/first/files"), ("metrics.json",), ("first",))


@pytest.mark.parametrize(
    ("file", "text", "stages"),
    [
        pytest.param("code/last.py", "edited", {"first", "last"}, id="code of both"),
        pytest.param("code/first.py", "edited", {"first"}, id="code of one"),
        pytest.param("code/new.py", "", {"first"}, id="an empty file that is new"),
        pytest.param("raw.zip", "other", {"first"}, id="data that no stage makes"),
        pytest.param("out/first/files", "made", set(), id="what a stage makes"),
        pytest.param("code/__pycache__/last.pyc", "compiled", set(), id="a folder of .dvcignore"),
        pytest.param("code/labels.cache", "cached", set(), id="a file of .dvcignore"),
        pytest.param("params.yaml", "first: {folder: out/first, seed: 1}\nlast: {beta: 2}", {"last"}, id="a parameter"),
        pytest.param("params.yaml", "last: {unread: 2, beta: 1.0}\nfirst: {seed: 1, folder: out/first}", set(),
                     id="one that none reads, and another order"),
        pytest.param("dvc.yaml", PIPELINE.replace("first.py\n", "first.py -v\n"), {"first"}, id="a command"),
        pytest.param("dvc.yaml", PIPELINE.replace("what it is for", "words"), set(), id="a description"),
    ],
)  # fmt: skip
def test_a_key_holds_what_decides_the_stage_and_no_more(project, file, text, stages):
    before = keys(project)
    (project / file).parent.mkdir(parents=True, exist_ok=True)
    (project / file).write_text(text)

    assert changed(project, before) == stages


def test_a_copy_of_the_project_has_the_same_keys(project, tmp_path_factory):
    copy = shutil.copytree(project, tmp_path_factory.mktemp("copy") / "project")

    assert keys(copy) == keys(project)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        pytest.param("cmd: python first.py", "cmd: [python a.py, python b.py]", "the cmd of stage first is a list"),
        pytest.param("params: [first]", "params: [other]", "stage first names other, which params.yaml does not have"),
        pytest.param("params: [first]", "params: [other.yaml: [a]]", "stage first has params of another file"),
        pytest.param("desc:", "wdir:", "stage last has wdir: not read here"),
        pytest.param("${first.folder}/files", "${first.fold}", "stage last names first.fold"),
        pytest.param("[code, raw.zip]", "[code, gone.zip]", "stage first depends on gone.zip, which does not exist"),
        pytest.param("[code, raw.zip]", "[metrics.json]", "stages wait for each other"),
        pytest.param('["${first.folder}"]', "[../elsewhere]", "stage first makes ../elsewhere, which is not inside"),
        pytest.param('["${first.folder}"]', "[/elsewhere]", "stage first makes /elsewhere, which is not inside"),
        pytest.param('["${first.folder}"]', "[.]", "stage first makes ., which is not inside"),
        pytest.param("stages:", "vars: [a: 1]\nstages:", "vars are not read here"),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_place(project, old, new, message):
    (project / "dvc.yaml").write_text(PIPELINE.replace(old, new))

    with pytest.raises(PipelineError, match=message):
        read_stages(project)


def test_patterns_of_dvcignore_that_are_not_read_are_refused(project):
    (project / ".dvcignore").write_text("code/*.tmp\n")

    with pytest.raises(PipelineError, match=r"\.dvcignore: code/\*\.tmp is not read here"):
        read_stages(project)


def test_the_projects_own_stages_are_those_of_dvc():
    described = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
    stages = {stage.name: stage for stage in read_stages(ROOT)}

    assert list(stages) == ["prepare", "train", "evaluate", "tune_threshold", "decide"]
    assert {name: stage.cmd for name, stage in stages.items()} == {name: e["cmd"] for name, e in described.items()}
    assert stages["decide"].after == ("prepare", "train", "evaluate", "tune_threshold")
    assert stages["train"].after == ("prepare",)


def test_the_adapter_needs_no_package_but_pyyaml():
    """Orchestrators import it in environments of their own: -S leaves out all packages, PYTHONPATH brings that one."""
    code = "import integrations.dvc_stages, sys; assert 'optuna' not in sys.modules"
    packages = str(Path(yaml.__file__).parents[1])
    only = f"import sys; sys.path[:0] = ['.', {packages!r}]; import yaml; sys.path.remove({packages!r}); {code}"

    done = subprocess.run([PYTHON, "-S", "-c", only], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_stage_runs_in_the_project_without_what_it_had_made(project):
    (project / "out").mkdir()
    (project / "out" / "old").touch()
    (project / "make.py").write_text("import pathlib; pathlib.Path('out').mkdir(); pathlib.Path('out/new').touch()")

    run("python make.py", ["out", "never-made"], PYTHON, project)

    assert [path.name for path in (project / "out").iterdir()] == ["new"]


def test_a_stage_that_fails_is_an_error_with_its_command_and_status(project):
    with pytest.raises(PipelineError, match=r"`python -c 'raise SystemExit\(3\)'` ended with status 3"):
        run("python -c 'raise SystemExit(3)'", [], PYTHON, project)


def test_files_and_folders_are_replaced_by_files_and_folders(project):
    (project / "file").write_text("content")

    for source in ("code", "file", "code", "file"):
        replace(project / "place" / "copy", project / source)
        assert digest(project / "place" / "copy") == digest(project / source)


def test_a_digest_tells_a_file_from_a_folder_and_one_name_from_another(tmp_path):
    for name in ("a/one", "b/two", "c/one/x"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).touch()
    (tmp_path / "d" / "one").mkdir(parents=True)

    assert len({digest(tmp_path / name) for name in "abcd"}) == 4
    assert digest(tmp_path / "none") is None
