"""Sphinx's configuration: the Markdown pages where they lie in the repository, and the docstrings of what is public."""

import site
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
# Docstrings are read by importing, with the libraries of the project's own environment after those of this one.
sys.path += [str(ROOT), str(ROOT / "packages" / "sweeper")]
for libraries in ROOT.glob(".venv/lib/python*/site-packages"):
    site.addsitedir(str(libraries))

project = "detection-search"
suppress_warnings = ["toc.not_included"]  # a page that index.md does not list is found by search and by links
root_doc = "docs/site/index"
include_patterns = ["*.md", "docs/**.md", "packages/sweeper/*.md", "packages/sweeper/docs/**.md", "benchmarks/*.md"]
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
html_theme = "furo"
html_extra_path = ["index.html"]  # the pages keep their folders; this one leads to the first
html_title = "detection-search"
html_show_copyright = False

myst_heading_anchors = 4
autodoc_member_order = "bysource"
autodoc_typehints = "signature"  # sections such as "Side effects" would part a list of parameters from their types
default_role = "code"  # of single backticks in docstrings
