"""Whether the app's file can be imported without starting the app, as multiprocessing does for each process."""

import ast
import sys
import threading
from pathlib import Path
from types import FrameType


def unguarded_call() -> str | None:
    """Where the app's file, when it is merely imported, would start this sweep again, as `FILE:LINE`.

    Returns:
        None where it would not, or where that cannot be known.
    """
    frames = sys._current_frames()  # noqa: SLF001 - documented; of the main thread, where slots may be others
    frame: FrameType | None = frames[threading.main_thread().ident or 0]
    while frame is not None and (frame.f_code.co_name, frame.f_globals.get("__name__")) != ("<module>", "__main__"):
        frame = frame.f_back
    if frame is None:
        return None
    try:
        statements = ast.parse(Path(frame.f_code.co_filename).read_bytes()).body
    except (OSError, SyntaxError, ValueError):
        return None
    running = [node for node in statements if node.lineno <= frame.f_lineno <= (node.end_lineno or 0)]
    names = {part.id for node in running for part in ast.walk(node) if isinstance(part, ast.Name)}
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if running and "__name__" not in names else None
