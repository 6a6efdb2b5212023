"""Imported last by the fork server: what was imported before it is never freed.

What every trial would do anew is done here once: Hydra's search for plugins, which imports them all, and the first
interpolation, for which parsers build their tables.

Objects taken out of the garbage collector's sight are not walked through, and so not copied page by page, in every
trial that is forked (Python's documentation recommends it before a fork).
"""

import gc

from hydra.core.plugins import Plugins
from omegaconf import OmegaConf

Plugins.instance()
OmegaConf.to_yaml(OmegaConf.create({"a": "x", "b": "${a}/${oc.env:HOME,null}"}), resolve=True)
gc.collect()
gc.freeze()
