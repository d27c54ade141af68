"""See what the hidden nodes of a neural network do together, from a notebook."""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from nbinterp import _display

__version__ = "0.1.0"

# Names load when first asked for: Jupyter Server imports this package for `nbinterp.server` and
# has no use for PyTorch and 400 MB. The stub beside this file says which package holds which name.
_STUB = ast.parse(Path(__file__).with_suffix(".pyi").read_text("utf-8"))
_HOMES = {
    alias.name: str(node.module)
    for node in _STUB.body
    if isinstance(node, ast.ImportFrom)
    for alias in node.names
}

__all__ = sorted(_HOMES)

_display.load_views_by(lambda: import_module("nbinterp.views"))


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name, __name__)
    if home != __name__:
        value = globals()[name] = getattr(import_module(home), name)
        return value
    package = f"{__name__}.{name}"
    if name in _HOMES or package in _HOMES.values():
        return import_module(package)
    raise AttributeError(f"module 'nbinterp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%workbench`` to IPython; it calls this at ``%load_ext nbinterp``."""
    from nbinterp.views.workbench.magics import register

    register(ipython)
