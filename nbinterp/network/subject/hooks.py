"""Visiting a model without leaving a trace: its mode, its layers, what they put out."""

import difflib
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from nbinterp import _checks


@dataclass
class _Stay:
    """How many visit a model at this moment, and the modes in which the first found it."""

    visitors: int
    modes: list[tuple[nn.Module, bool]]


_STAYS: WeakKeyDictionary[nn.Module, _Stay] = WeakKeyDictionary()
_STAYS_LOCK = threading.Lock()


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Put `model` in eval mode without gradients, and put each module back as it was found.

    Visits overlap, as a slider's frame beside a running cell: the last one out puts modes back.
    """
    with _STAYS_LOCK:
        stay = _STAYS.get(model)
        if stay is None:
            stay = _STAYS[model] = _Stay(0, [(part, part.training) for part in model.modules()])
        stay.visitors += 1
        if any(part.training for part in model.modules()):  # torch takes long to set an attribute
            model.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        with _STAYS_LOCK:
            stay.visitors -= 1
            if stay.visitors == 0:
                del _STAYS[model]
                # One by one: model.train() would also wake modules that were frozen in eval mode.
                for module, training in stay.modes:
                    if module.training != training:
                        module.training = training


@contextmanager
def watching(
    modules: dict[str, nn.Module],
    put: Callable[[str, torch.Tensor], None],
) -> Iterator[None]:
    """Call ``put(name, output)`` each time that one of `modules` has run in this thread."""
    thread = threading.get_ident()
    with ExitStack() as hooks:
        for name, module in modules.items():

            def hook(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> None:
                if threading.get_ident() == thread:
                    put(name, first_tensor(f"layer {name!r}", output))

            hooks.callback(module.register_forward_hook(hook).remove)
        yield


def home(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return the device and the floating type that `model` computes with."""
    values = chain(model.parameters(), model.buffers())
    first = next(values, None)
    if first is None:
        return torch.device("cpu"), torch.get_default_dtype()
    kinds = (value.dtype for value in chain([first], values) if value.is_floating_point())
    return first.device, next(kinds, torch.get_default_dtype())


def find(model: nn.Module, layers: str | Sequence[str]) -> dict[str, nn.Module]:
    """Return the submodules of `model` called `layers`, by their dotted path."""
    names = [layers] if isinstance(layers, str) else list(layers)
    known = {name: module for name, module in model.named_modules(remove_duplicate=False) if name}
    if not names:  # what is near is looked for only where it is told
        _checks.fail(
            f"(layers={layers!r})",
            "must name at least one layer",
            f"Choose from {shortlist(known)}.",
        )
    for name in names:
        if name in known:
            continue
        whole = str(name).partition("#")[0]
        _checks.require(
            whole not in known,
            f"(layers={_checks.show(name)})",
            "must be the name of a submodule, not of one of its calls",
            f"Use {whole!r}; only record and fit_decoder tell the calls of a module apart.",
        )
        _checks.fail(
            f"(layers={_checks.show(name)})",
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


def forward(model: nn.Module, batch: Any) -> torch.Tensor:
    """Return the output of `model` for a tensor, or for a dict of its named arguments."""
    output = model(**batch) if isinstance(batch, dict) else model(batch)
    return first_tensor("the model", output)


def first_tensor(what: str, output: Any) -> torch.Tensor:
    """Return `output`, or the first item of a tuple, a list or a dict, if it is a tensor."""
    if isinstance(output, torch.Tensor):
        return output
    if isinstance(output, tuple | list) and output:
        output = output[0]
    elif isinstance(output, dict) and output:
        output = next(iter(output.values()))
    if not isinstance(output, torch.Tensor):
        _checks.fail(
            f"(): {what}",
            f"must put out a tensor, not {type(output).__name__}",
            "Name a layer inside it, or wrap it so that it does.",
            TypeError,
        )
    return output
