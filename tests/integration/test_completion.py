"""`detsearch completion`, read by a bash that completes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.integration
ASK = """
detsearch() { python -m detection_search "$@"; }
eval "$(detsearch completion)"
ask() { # the words as bash parts them, at the = too
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )) COMPREPLY=()
    $2
    echo "$1: ${COMPREPLY[*]}"
}
ask "detsearch tr" _detsearch
ask "detsearch train -m search=de" _detsearch
ask "detsearch train search=mi" _detsearch
ask "detsearch freeze train.warm" _detsearch
ask "python -m src.report stu" _detection_search_python
ask "python -m http.server stu" _detection_search_python
"""


def test_commands_files_and_settings_are_completed(tmp_path):
    (tmp_path / "conf" / "search").mkdir(parents=True)
    (tmp_path / "conf" / "search" / "mine.yaml").write_text("# @package _global_\ndefaults: [base]\n")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", ASK], cwd=tmp_path, env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [
        "detsearch tr: train",
        "detsearch train -m search=de: default deploy",
        "detsearch train search=mi: mine",
        "detsearch freeze train.warm: train.warmup_bias_lr= train.warmup_epochs= train.warmup_momentum=",
        "python -m src.report stu: study=",
        "python -m http.server stu: ",
    ]
