import io
import sys

import pytest
from rich.console import Console

from src.core.terminal import print_any_character


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_a_console_cannot_encode_is_shown_by_its_number(monkeypatch, encoding: str) -> None:
    """Also half a character, which no encoding has."""
    raw = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, stream in raw.items():
        monkeypatch.setattr(sys, name, io.TextIOWrapper(stream, encoding, write_through=True))
    print_any_character()
    for name, stream in raw.items():
        Console(file=getattr(sys, name)).print("class 人 \udcff")
        assert "\\udcff" in stream.getvalue().decode(encoding)
