"""See what the hidden nodes of a neural network do together, from a notebook."""

from importlib import import_module
from typing import Any

import lazy_loader

from nbinterp import _display

__version__ = "0.1.0"

# Names load when first asked for: Jupyter Server imports this package for `nbinterp.server` and
# has no use for PyTorch and 400 MB. The stub beside this file says which package holds which name.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

_display.load_views_by(lambda: import_module("nbinterp.views"))


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%workbench`` to IPython; it calls this at ``%load_ext nbinterp``."""
    from nbinterp.views.workbench.magics import register

    register(ipython)
