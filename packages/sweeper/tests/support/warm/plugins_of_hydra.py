"""Imported by the server: every Hydra app looks for plugins when it starts, and imports all that it finds."""

from hydra.core.plugins import Plugins

Plugins.instance()
