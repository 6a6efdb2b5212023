"""Text for a terminal, broken between words."""

from collections.abc import Sequence

from rich.cells import cell_len


def joined(pieces: Sequence[str], width: int) -> list[str]:
    """Lines of whole pieces, with a space between them; only a piece that is longer than the width makes a longer line.

    Args:
        pieces: At least one word, or several that must stay together.
        width: In cells of the terminal.
    """
    lines = [pieces[0]]
    for piece in pieces[1:]:
        longer = f"{lines[-1]} {piece}"
        if not lines[-1].strip() or cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(piece)
    return lines
