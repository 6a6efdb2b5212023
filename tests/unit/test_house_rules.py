"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    path
    for pattern in ("src/**/*.py", "packages/*/[!t]*/**/*.py", "integrations/**/*.py")
    for path in ROOT.glob(pattern)
)
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("packages/*/*.md"),
        *ROOT.glob("packages/*/docs/**/*.md"),
    ]
)


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_one_concept_and_thus_short(module):
    assert len(module.read_text().splitlines()) <= 300


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_and_pictures_in_the_docs_exist(page):
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    missing = [target for target in targets if "://" not in target and not (page.parent / target).exists()]
    assert missing == []


def test_the_lock_names_no_package_host_and_pins_every_package_by_hash():
    text = (ROOT / "requirements.lock").read_text()
    assert "://" not in text
    packages = re.findall(r"^[a-z0-9][^ \n]*==", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"==[^\n]* \\\n +--hash=sha256:", text))
