"""What the pages tell to type is taken: each command goes through the checks that it meets before Hydra composes it."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from src.config import schema
from src.config.keys import check_keys, full_name
from src.config.malformed import refuse_malformed

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
STARTED = re.compile(r"(?:python -m src\.|detsearch )(\w+) (.*)")
WITHOUT_OVERRIDES = {"completion", "pipeline", "sync"}
# a data set, a search file or an experiment of one's own, which has to be there
OF_ONES_OWN = re.compile(r"data=.*/.*|(search|experiment)=(.*\.yaml|NAME|mine)")


def commands() -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Page, command and overrides of each line that is set as code and starts a command."""
    for page in PAGES:
        text = re.sub(r" \\\n\s*", " ", page.read_text(encoding="utf-8"))
        for line in re.findall(r"^ {4}(?! ).*|(?<=^```sh\n).*", text, re.M):
            found = STARTED.search(line)
            if found is not None and "<Tab>" not in line:
                yield page.relative_to(ROOT).as_posix(), found[1], tuple(overrides(found[2]))


def overrides(line: str) -> Iterator[str]:
    """The words that are overrides, also those in brackets, which may be left out (`[alias=NAME]`, `[a=1 | b=2]`)."""
    said = re.split(r"\s\|\||\s{2,}#", line)[0]
    said = re.sub(r"(?<!\S)\[([\w.]+=[^\]]*)\](?!\S)", lambda found: found[1].replace("|", " "), said)
    for word in shlex.split(said, comments=True):
        if "=" in word and not word.startswith("-") and not OF_ONES_OWN.fullmatch(word):
            yield word


COMMANDS = sorted({each for each in commands() if each[1] not in WITHOUT_OVERRIDES})


@pytest.mark.parametrize(("page", "command", "words"), COMMANDS, ids=lambda value: str(value)[:60])
def test_a_command_of_the_pages_is_taken(page, command, words):
    schema.register()
    given = [word for word in words if not word.startswith("+study=")]  # `freeze` takes it out of the rest
    refuse_malformed(given, full_name)
    check_keys(given, command)


def test_the_pages_have_commands():
    assert {"train", "prepare", "report", "freeze", "promote", "monitor", "serve", "confirm"} <= {
        command for _, command, _ in COMMANDS
    }
    assert len(COMMANDS) > 50
