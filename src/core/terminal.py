"""Where commands print to."""

import os
import sys

from rich.console import Console

WIDTH_OF_FILES = 160  # characters


def standard_output() -> Console:
    """The standard output; where nothing says how wide it is (a file, a pipe), it may be as wide as a table needs."""
    knows_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if knows_width else WIDTH_OF_FILES)
