"""What the guides say to paste."""

import re
from pathlib import Path

_GUIDES = Path(__file__).parents[2] / "docs" / "guides"


def guide_block(page: str, first_line: str) -> str:
    """The block of a guide whose first line is a comment with this text."""
    found = re.search(rf"^```\w+\n(# {re.escape(first_line)}\n.*?)^```$", (_GUIDES / page).read_text(), re.S | re.M)
    assert found is not None, f"{page} has no block '{first_line}'"
    return found[1]
