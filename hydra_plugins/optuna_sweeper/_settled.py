"""Imported last by the fork server: what was imported before it is there for good.

Objects taken out of the garbage collector's sight are not walked through, and so not copied page by page, in every
trial that is forked (Python's documentation recommends it before a fork).
"""

import gc

gc.collect()
gc.freeze()
