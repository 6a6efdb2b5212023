"""Stands for what a task imports that takes long; it makes a temporary folder, as some libraries do."""

import atexit
import shutil
import tempfile

from optuna_search.scratch import scratch_folder

scratch_folder("heavy-")
atexit.register(shutil.rmtree, tempfile.mkdtemp(prefix="plain-"))
