"""Takes from Python what other operating systems lack: what TAKEN names, in every process that has this on its path.

`os.fork`, for instance, `signal.SIGKILL`, or the module `fcntl`. `os.fork` also takes multiprocessing's start methods
that need it.
"""

import importlib
import multiprocessing.context
import multiprocessing.popen_spawn_posix
import os
import sys
from contextlib import suppress

for name in os.environ.get("TAKEN", "").split():
    owner, _, attribute = name.rpartition(".")
    if not owner:
        sys.modules[attribute] = None  # type: ignore[assignment]  # "import of … halted; None in sys.modules"
        continue
    if name == "os.fork":
        only = multiprocessing.context._concrete_contexts["spawn"]
        multiprocessing.context._concrete_contexts.clear()
        multiprocessing.context._concrete_contexts["spawn"] = only
        multiprocessing.get_all_start_methods = lambda: ["spawn"]
        multiprocessing.set_start_method("spawn")
    with suppress(AttributeError):
        delattr(importlib.import_module(owner), attribute)
