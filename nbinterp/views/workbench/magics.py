"""The IPython magic ``%workbench model, data``, added by ``%load_ext nbinterp``."""

import ast
from typing import Any

import numpy as np
import pandas as pd
import torch
from IPython.core.magic import Magics, line_magic, magics_class

from nbinterp import _checks
from nbinterp.views.workbench.workbench import Workbench

_USAGE = "Write %workbench model, data, or with true classes: %workbench model, data, y."
_PLACES = ("model", "data", "y")
_NAMED = (*_PLACES, "decode", "local")
_OPTIONS = ("y", "layer", "decode", "local", "image_shape", "columns", "n_clusters", "height")
_MOST_LAYERS = 40


@magics_class
class NbinterpMagics(Magics):  # type: ignore[misc]
    """The magics of nbinterp."""

    @line_magic  # type: ignore[untyped-decorator]
    def workbench(self, line: str) -> Workbench:
        """Open a workbench: ``%workbench model, data, y, layer="h1"``.

        The arguments are those of `nbinterp.Workbench`, as names or expressions. By default the
        layer is the last hidden one, and the shape of images is guessed.
        """
        options: dict[str, Any] = {}
        names: dict[str, str] = {}
        for name, node in arguments(line).items():
            text = ast.unparse(node)
            options[name] = self.shell.ev(text)
            if name in _NAMED:
                names[name] = text
        model, data = options.pop("model"), options.pop("data")
        return Workbench(model, data, names=names, **options)


@_checks.call("%workbench")
def arguments(line: str) -> dict[str, ast.expr]:
    """Return the arguments of a line, by name.

    Examples
    --------
    >>> {name: ast.unparse(node) for name, node in arguments("net, x / 255, layer='h1'").items()}
    {'model': 'net', 'data': 'x / 255', 'layer': "'h1'"}
    """
    what = f" {line}".rstrip()
    try:
        parsed = ast.parse(f"f({line})", mode="eval").body
    except SyntaxError:
        parsed = None
    if not isinstance(parsed, ast.Call) or len(parsed.args) > len(_PLACES):
        _checks.fail(what, "must be arguments of Workbench, separated by commas", _USAGE)
    given = dict(zip(_PLACES, parsed.args, strict=False))
    for keyword in parsed.keywords:
        _checks.require(
            keyword.arg in (*_PLACES, *_OPTIONS) and keyword.arg not in given,
            what,
            f"must name each option once, of {', '.join(_OPTIONS)}",
            _USAGE,
        )
        given[str(keyword.arg)] = keyword.value
    _checks.require({"model", "data"} <= set(given), what, "must name a model and data", _USAGE)
    return given


def complete(shell: Any, event: Any) -> list[str]:
    """Complete the line at the cursor: models, then data, then options and layers."""
    typed = event.line.partition("workbench")[2]
    place = _commas(typed)
    found = {
        name: value for name, value in shell.user_ns.items() if name not in shell.user_ns_hidden
    }
    names = {name: value for name, value in found.items() if not name.startswith("_")}
    if place == 0:
        return [name for name, value in names.items() if isinstance(value, torch.nn.Module)]
    if place == 1:
        return [name for name, value in names.items() if _holds_samples(value)]
    first = typed.split(",")[0].strip()
    model = names.get(first)
    layers = [] if not isinstance(model, torch.nn.Module) else list(dict(model.named_modules()))
    return [
        *(f"layer={layer!r}" for layer in layers[:_MOST_LAYERS] if layer),
        *(f"{option}=" for option in _OPTIONS),
        *(name for name, value in names.items() if _holds_samples(value)),
    ]


def _commas(text: str) -> int:
    """Return the number of commas outside all brackets."""
    depth = count = 0
    for sign in text:
        depth += (sign in "([{") - (sign in ")]}")
        count += sign == "," and depth == 0
    return count


def _holds_samples(value: Any) -> bool:
    kinds = (np.ndarray, torch.Tensor, pd.DataFrame, torch.utils.data.Dataset)
    return isinstance(value, kinds) and getattr(value, "ndim", 1) > 0


def register(shell: Any) -> None:
    """Register the magics and the completion of their arguments."""
    shell.register_magics(NbinterpMagics(shell))
    shell.set_hook("complete_command", complete, re_key=r"%?workbench")
