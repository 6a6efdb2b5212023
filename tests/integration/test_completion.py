"""`detsearch completion`, read by shells that complete: by bash, and by zsh and fish where they are installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.integration
LINES = ("detsearch tr", "detsearch train -m search=de", "detsearch train search=mi", "detsearch freeze train.warm")
WARMUP = "train.warmup_bias_lr= train.warmup_epochs= train.warmup_momentum="
ASKED = "\n".join(f'ask "{line}"' for line in LINES)
BASH = """
detsearch() { python -m detection_search "$@"; }
eval "$(detsearch completion)"
ask() { # the words as bash parts them, at the = too
    COMP_LINE=$1 COMP_POINT=${#1} COMP_WORDS=($1) COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 )) COMPREPLY=()
    ${2:-_detsearch}
    echo "$1: ${COMPREPLY[*]}"
}
ask "python -m src.report stu" _detection_search_python
ask "python -m http.server stu" _detection_search_python
"""
ZSH = """
compdef() { : }
compadd() { print -- ${(M)choices:#${words[CURRENT]}*} }  # what zsh does with them
detsearch() { python -m detection_search "$@" }
eval "$(detsearch completion zsh)"
ask() { local -a words=("${(s: :)1}"); local CURRENT=$#words; print -n "$1: "; _detsearch }
"""
FISH = """
function detsearch; python -m detection_search $argv; end
detsearch completion fish | source
function ask; echo "$argv: "(string join ' ' (complete -C "$argv")); end
"""
WHOLE = ("search=default search=deploy", "search=mine", WARMUP)  # bash completes what follows the =
SHELLS = {
    "bash": (BASH, ("train", "default deploy", "mine", WARMUP)),
    "zsh": (ZSH, ("train", *WHOLE)),
    "fish": (FISH, ("train", *WHOLE)),
}


@pytest.mark.slow
@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_commands_files_and_settings_are_completed(shell, tmp_path):
    (tmp_path / "conf" / "search").mkdir(parents=True)
    (tmp_path / "conf" / "search" / "mine.yaml").write_text("# @package _global_\ndefaults: [base]\n")
    script, answers = SHELLS[shell]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        [shell, "-c", f"{script}\n{ASKED}"], cwd=tmp_path,
        env=os.environ | {"PATH": path, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    of_python = ["python -m src.report stu: study=", "python -m http.server stu: "] if shell == "bash" else []
    assert done.stdout.splitlines() == [
        *of_python,
        *(f"{line}: {answer}" for line, answer in zip(LINES, answers, strict=True)),
    ]
