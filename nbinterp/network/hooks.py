"""Visiting a model without leaving a trace: its mode, its layers, what they put out."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any

import torch
from torch import nn

from nbinterp import _checks


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put `model` in eval mode without gradients, and put each module back as it was found."""
    found = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with torch.no_grad():
            yield
    finally:
        # One by one: model.train() would also wake modules that were frozen in eval mode.
        for module, training in found:
            module.training = training


@contextmanager
def watching(
    modules: dict[str, nn.Module],
    put: Callable[[str, torch.Tensor], None],
    caller: str,
) -> Iterator[None]:
    """Call ``put(name, output)`` each time that one of `modules` has run."""
    with ExitStack() as hooks:
        for name, module in modules.items():

            def hook(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> None:
                put(name, first_tensor(f"layer {name!r}", output, caller))

            hooks.callback(module.register_forward_hook(hook).remove)
        yield


def home(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return the device and the floating type that `model` computes with."""
    values = list(chain(model.parameters(), model.buffers()))
    device = values[0].device if values else torch.device("cpu")
    kinds = (value.dtype for value in values if value.is_floating_point())
    return device, next(kinds, torch.get_default_dtype())


def find(caller: str, model: nn.Module, layers: str | Sequence[str]) -> dict[str, nn.Module]:
    """Return the submodules of `model` called `layers`, by their dotted path."""
    names = [layers] if isinstance(layers, str) else list(layers)
    known = {name: module for name, module in model.named_modules(remove_duplicate=False) if name}
    _checks.require(
        len(names) > 0,
        f"{caller}(layers={layers!r})",
        "must name at least one layer",
        f"Choose from {shortlist(known)}.",
    )
    for name in names:
        whole = str(name).partition("#")[0]
        _checks.require(
            name in known or whole not in known,
            f"{caller}(layers={_checks.show(name)})",
            "must be the name of a submodule, not of one of its calls",
            f"Use {whole!r}; only record and fit_decoder tell the calls of a module apart.",
        )
        _checks.require(
            name in known,
            f"{caller}(layers={_checks.show(name)})",
            "must be the name of a submodule",
            f"Did you mean {shortlist(known, like=name)}?",
        )
    return {name: known[name] for name in names}


def shortlist(names: Iterable[str], like: object = "", limit: int = 5) -> str:
    """Return the few of `names` that are nearest to `like`, or else the first."""
    listed = list(names)
    near = difflib.get_close_matches(str(like), listed, n=limit, cutoff=0.5)
    return (
        ", ".join(repr(name) for name in near or listed[:limit]) or "nothing: there are no layers"
    )


def forward(model: nn.Module, batch: Any, caller: str) -> torch.Tensor:
    """Return the output of `model` for a tensor, or for a dict of its named arguments."""
    output = model(**batch) if isinstance(batch, dict) else model(batch)
    return first_tensor("the model", output, caller)


def first_tensor(what: str, output: Any, caller: str) -> torch.Tensor:
    """Return `output`, or the first item of a tuple, a list or a dict, if it is a tensor."""
    if isinstance(output, tuple | list) and output:
        output = output[0]
    elif isinstance(output, dict) and output:
        output = next(iter(output.values()))
    if not isinstance(output, torch.Tensor):
        _checks.fail(
            f"{caller}(): {what}",
            f"must put out a tensor, not {type(output).__name__}",
            "Name a layer inside it, or wrap it so that it does.",
            TypeError,
        )
    return output
