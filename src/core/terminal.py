"""Where commands print to."""

import io
import os
import sys

from rich.console import Console

WIDTH_OF_FILES = 160  # characters


def print_any_character() -> None:
    """Let what a console cannot encode be shown by its number, instead of ending the program.

    Side effects: a setting of the standard streams of this process.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def standard_output() -> Console:
    """The standard output; where nothing says how wide it is (a file, a pipe), it may be as wide as a table needs."""
    knows_width = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(width=None if knows_width else WIDTH_OF_FILES)
