"""`%load_ext d2lite.tab`: the front cell of a tabbed page."""

from d2lite.pages.jupyter.tab import load_ipython_extension, unload_ipython_extension  # noqa: F401
