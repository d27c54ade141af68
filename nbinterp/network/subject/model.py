"""What a `Subject` is made of: eval mode, the forward pass, layers, device and type of a model."""

import copy
import difflib
import threading
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import chain
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import nn

from nbinterp import _checks, _device
from nbinterp.network.subject.buffers import Buffers
from nbinterp.network.subject.output import main_output
from nbinterp.network.subject.parameters import Parameters
from nbinterp.network.subject.settings import plain_settings


@dataclass
class _EvalUse:
    """How many callers hold a model in eval mode, and what it was before the first of them."""

    callers: int
    modes: list[tuple[nn.Module, bool]]
    buffers: Buffers
    parameters: Parameters


_EVAL_USES: WeakKeyDictionary[nn.Module, _EvalUse] = WeakKeyDictionary()
_EVAL_LOCK = threading.Lock()

# One caller at a time for each model: all threads share its mode, and what it keeps.
_LOCKS: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_LOCK = threading.Lock()


def lock_of(model: nn.Module) -> Any:
    """Return the lock that a caller holds while `model` runs."""
    with _LOCK:
        return _LOCKS.setdefault(model, threading.RLock())


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Put `model` in eval mode without gradients, and restore modes, buffers and parameters.

    Callers may overlap, such as a slider's frame and a running cell: the last one restores. In
    this thread inference mode and autocast are off; compiled models run eagerly. A model that
    changed its parameters is refused in the end.
    """
    with _EVAL_LOCK:
        use = _EVAL_USES.get(model)
        if use is None:
            # Frozen TorchScript has no mode.
            modes = [(part, part.training) for part in model.modules() if hasattr(part, "training")]
            parts = [part for part, _ in modes]
            use = _EvalUse(0, modes, Buffers(parts), Parameters(model, parts))
            _EVAL_USES[model] = use
        use.callers += 1
        # Only if needed: to set an attribute of a module takes long.
        if any(getattr(module, "training", False) for module in model.modules()):
            with suppress(NotImplementedError):  # torch.export fixed the mode of its modules
                model.eval()
    lost, changed, is_over = "", ("", True), False
    try:
        with plain_settings(), torch.no_grad():
            yield
        is_over = True
    finally:
        with _EVAL_LOCK:
            use.callers -= 1
            if use.callers == 0:
                del _EVAL_USES[model]
                # One by one: model.train() would also change modules frozen in eval mode.
                for module, training in use.modes:
                    if module.training != training:
                        module.training = training
                lost, changed = use.buffers.put_back(), use.parameters.put_back(is_over)
    if lost:
        _checks.fail(
            "(model)",
            f"must leave its buffers as they are in eval mode, but changed {lost!r}, which is too"
            " large to be put back",
            "Switch such a cache off, or wrap the model so that it makes it anew in each pass.",
        )
    if changed[0]:
        _checks.fail("(model)", *writes_fault(*changed))


def wrote_parameter(model: nn.Module) -> tuple[str, bool]:
    """Return the name of a parameter that changed since `model` is in eval mode, or "".

    The second item is whether all that changed is put back now.
    """
    with _EVAL_LOCK:
        use = _EVAL_USES.get(model)
        return ("", True) if use is None else use.parameters.put_back()


def refuse_writes(model: Any) -> None:
    """Refuse a model that changed a parameter since it is in eval mode."""
    changed = wrote_parameter(model) if isinstance(model, nn.Module) else ("", True)
    if changed[0]:
        _checks.fail("(model)", *writes_fault(*changed))


def writes_fault(name: str, is_put_back: bool) -> tuple[str, str]:
    """Return what a model must do that changes a parameter, and the way out."""
    lost = "" if is_put_back else ", which cannot be put back: load your weights again"
    return (
        f"must leave its parameters as they are in eval mode, but changed {name!r}{lost}",
        "Run it on a batch first if it sets them once, and switch such an update off in eval mode.",
    )


def forward(model: nn.Module, batch: Any) -> torch.Tensor:
    """Return the output of `model` for a tensor, or for a dict of named arguments."""
    output = model(**batch) if isinstance(batch, dict) else model(batch)
    return main_output(output)


def device_and_dtype(model: nn.Module) -> tuple[torch.device, torch.dtype]:
    """Return the device and the floating type that `model` computes with."""
    values = chain(model.parameters(), model.buffers())
    first = next(values, None)
    if first is None:
        return torch.device("cpu"), torch.get_default_dtype()
    types = (value.dtype for value in chain([first], values) if value.is_floating_point())
    return first.device, next(types, torch.get_default_dtype())


def model_on_device(model: nn.Module, device: str | torch.device) -> nn.Module:
    """Return `model` if it is on `device`, or if that is ``"auto"``; else a copy that is."""
    if device == "auto":
        return model
    wanted = _device.resolve(device)
    return model if device_and_dtype(model)[0] == wanted else copy.deepcopy(model).to(wanted)


def check_module(model: Any) -> None:
    """Raise unless `model` is a torch Module."""
    if not isinstance(model, nn.Module):
        remedy = "Wrap a plain function in a Module whose forward calls it."
        if isinstance(model, list | tuple | dict):
            remedy = "Pass one model, and call again for each of the others."
        elif isinstance(model, type):
            remedy = f"Pass an object of the class, such as {model.__name__}(...)."
        _checks.fail(
            f"(model={_checks.show(model)})", "must be a torch.nn.Module", remedy, TypeError
        )


def find_layer(model: nn.Module, layer: str) -> nn.Module:
    """Return the submodule of `model` called `layer`, by its dotted path."""
    check_module(model)
    return _submodule(_submodules(model), layer, "layer")


def find_layers(model: nn.Module, layers: Sequence[str]) -> dict[str, nn.Module]:
    """Return the submodules of `model` called `layers`, by their dotted path."""
    known = _submodules(model)
    if not layers:
        _checks.fail(
            f"(layers={layers!r})",
            "must name at least one layer",
            f"Choose from {suggestions(known)}.",
        )
    return {name: _submodule(known, name, "layers") for name in layers}


def layer_names(layers: Any) -> list[str]:
    """Return one name or several as a list."""
    if isinstance(layers, str):
        return [layers]
    if not isinstance(layers, Collection):
        _checks.fail(
            f"(layers={_checks.show(layers)})",
            "must be the name of a layer, or a list of names",
            "Choose from the names in model.named_modules().",
            TypeError,
        )
    return list(layers)


def _submodules(model: nn.Module) -> dict[str, nn.Module]:
    return {name: part for name, part in model.named_modules(remove_duplicate=False) if name}


def _submodule(known: dict[str, nn.Module], name: object, argument: str) -> nn.Module:
    what = f"({argument}={_checks.show(name)})"
    if not isinstance(name, str):
        _checks.fail(
            what,
            f"must be the name of a submodule, not {type(name).__name__}",
            f"Choose from {suggestions(known)}.",
        )
    if name not in known:
        whole = name.partition("#")[0]
        _checks.require(
            whole not in known,
            what,
            "must be the name of a submodule, not of one of its calls",
            f"Use {whole!r}; only record and fit_decoder tell the calls of a module apart.",
        )
        _checks.fail(
            what,
            "must be the name of a submodule",
            f"Did you mean {suggestions(known, like=name)}?",
        )
    return known[name]


def suggestions(names: Iterable[str], like: object = "", limit: int = 5) -> str:
    """Return the few of `names` that are most similar to `like`, or else the first."""
    listed = list(names)
    near = difflib.get_close_matches(str(like), listed, n=limit, cutoff=0.5)
    return (
        ", ".join(repr(name) for name in near or listed[:limit]) or "nothing: there are no layers"
    )
