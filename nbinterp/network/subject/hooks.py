"""Read and edit what modules return in a forward pass; the only place that registers hooks."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.jit._trace import TopLevelTracedModule

from nbinterp import _checks

# From a module, its positional arguments and its output.
Observe = Callable[[nn.Module, tuple[Any, ...], Any], None]
# From the output of a module and its positional arguments to a new output.
Replace = Callable[[Any, tuple[Any, ...]], Any]


@contextmanager
def observe(modules: Iterable[nn.Module], see: Observe) -> Iterator[None]:
    """Call ``see(module, inputs, output)`` each time that one of `modules` runs in this thread."""
    thread = threading.get_ident()

    def hook(module: nn.Module, inputs: tuple[Any, ...], output: Any) -> None:
        if threading.get_ident() == thread:
            see(module, inputs, output)

    with ExitStack() as hooks:
        for module in modules:
            hooks.callback(_registered(module, hook).remove)
        yield


@contextmanager
def observe_outputs(
    modules: dict[str, nn.Module], put: Callable[[str, torch.Tensor], None]
) -> Iterator[None]:
    """Call ``put(name, output)`` each time that one of `modules` runs in this thread."""
    with ExitStack() as hooks:
        for name, module in modules.items():

            def see(_module: nn.Module, _inputs: Any, output: Any, name: str = name) -> None:
                put(name, first_tensor(f"layer {name!r}", output))

            hooks.enter_context(observe([module], see))
        yield


@contextmanager
def observe_call(
    module: nn.Module, put: Callable[[torch.Tensor, torch.Tensor], None]
) -> Iterator[None]:
    """Call ``put(input, output)`` each time that `module` runs in this thread.

    The input is the first argument, also if it was passed by name.
    """
    thread = threading.get_ident()

    def hook(_module: nn.Module, inputs: Any, named: Any, output: torch.Tensor) -> None:
        if threading.get_ident() == thread:
            put((inputs[0] if inputs else next(iter(named.values()))).detach(), output.detach())

    # Before all other hooks: the output as the layer computed it, even if another hook edits it.
    handle = _registered(module, hook, prepend=True, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def observe_arguments(
    module: nn.Module, see: Callable[[tuple[Any, ...], dict[str, Any]], None]
) -> Iterator[None]:
    """Call ``see(inputs, named)`` each time that `module` ran, in any thread."""
    handle = _registered(
        module, lambda _module, inputs, named, _output: see(inputs, named), with_kwargs=True
    )
    try:
        yield
    finally:
        handle.remove()


@contextmanager
def replace_output(
    module: nn.Module, edit: Replace, *, all_threads: bool = False
) -> Iterator[None]:
    """Let `module` return ``edit(output, inputs)``, in this thread or in all of them."""
    thread = threading.get_ident()

    def hook(_module: nn.Module, inputs: tuple[Any, ...], output: Any) -> Any:
        if not all_threads and threading.get_ident() != thread:
            return None  # another thread uses the model meanwhile
        return edit(output, inputs)

    handle = _registered(module, hook)
    try:
        yield
    finally:
        handle.remove()


def takes_hooks(module: nn.Module) -> bool:
    """Return whether `module` takes hooks: those compiled by torch.jit do not."""
    scripted = isinstance(module, torch.jit.ScriptModule)
    return not scripted or isinstance(module, TopLevelTracedModule)


def require_hooks(module: nn.Module) -> None:
    """Refuse a module that takes no hooks."""
    if not takes_hooks(module):
        _checks.fail(
            f"(): a module of type {type(module).__name__}",
            "must be a module of Python, as torch.jit runs what it compiled without hooks",
            "Pass the model as it was before torch.jit.script.",
            TypeError,
        )


def _registered(module: nn.Module, hook: Callable[..., Any], **options: bool) -> Any:
    require_hooks(module)
    return module.register_forward_hook(hook, **options)


def first_tensor(what: str, output: Any) -> torch.Tensor:
    """Return `output`, or the first item of a tuple, a list or a dict, if it is a tensor.

    Of a dict it is ``"logits"`` if there are any: a loss may come before them. A number for the
    whole batch is refused.
    """
    if isinstance(output, torch.Tensor):
        return output
    key: Any = 0
    if isinstance(output, tuple | list) and output:
        output = output[0]
    elif isinstance(output, dict) and output:
        key = _main_key(output)
        output = output[key]
    if isinstance(output, torch.Tensor) and output.ndim == 0:
        _checks.fail(
            f"(): {what}",
            f"must return one row per sample, but item {key!r} is one number, such as a loss",
            "Wrap the model so that it returns its logits alone.",
        )
    if not isinstance(output, torch.Tensor):
        _checks.fail(
            f"(): {what}",
            f"must return a tensor, not {type(output).__name__}",
            "Name a layer inside it, or wrap it so that it does.",
            TypeError,
        )
    return output


def with_first_tensor(output: Any, tensor: torch.Tensor) -> Any:
    """Return the output of a module with its first tensor replaced by `tensor`."""
    if isinstance(output, torch.Tensor):
        return tensor
    if isinstance(output, dict):
        changed = output.copy()  # of the same type, like the outputs of transformers
        changed[_main_key(output)] = tensor
        return changed
    items = [tensor, *output[1:]]
    return type(output)(*items) if hasattr(output, "_fields") else type(output)(items)


def _main_key(output: dict[Any, Any]) -> Any:
    """Return which item of a dict is the output: the logits, or else the first."""
    return "logits" if "logits" in output else next(iter(output))
