"""Rules of the house that no linter knows."""

import re
from pathlib import Path

import optuna_search
import pytest

import detection_search

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


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_to_a_section_find_its_heading(page):
    links = re.findall(r"\]\(([^)#]*\.md)?#([^)]+)\)", page.read_text())
    missing = [
        f"{file}#{anchor}" for file, anchor in links if anchor not in _anchors(page.parent / file if file else page)
    ]
    assert missing == []


def _anchors(page):
    """The anchors of a page's headings, as GitHub and MyST make them."""
    without_code = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_site_lists_pages_that_exist():
    site = ROOT / "docs" / "site"
    entries = re.findall(r"^(?:[\w./-]+)$", (site / "index.md").read_text(), re.MULTILINE)
    assert len(entries) > 20
    assert [entry for entry in entries if not (site / f"{entry}.md").is_file()] == []


@pytest.mark.parametrize("package", [detection_search, optuna_search], ids=lambda package: package.__name__)
def test_the_reference_has_all_that_is_public(package):
    page = (ROOT / "docs" / "site" / f"{package.__name__}.md").read_text()
    assert sorted(re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.MULTILINE)) == sorted(package.__all__)


@pytest.mark.parametrize("lock", ["requirements.lock", "docker/requirements.lock", "docs/site/requirements.lock"])
def test_a_lock_names_no_package_host_and_pins_every_package_by_hash(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    packages = re.findall(r"^[a-z0-9][^ \n]*==", text, re.MULTILINE)
    assert len(packages) == len(re.findall(r"==[^\n]* \\\n +--hash=sha256:", text))
