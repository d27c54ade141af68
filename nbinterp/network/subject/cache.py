"""Compute the first layers of a network once for many runs of the later ones."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.model import eval_mode, forward


@contextmanager
def cached_prefix(model: nn.Module, last: nn.Module, batch: Any) -> Iterator[dict[nn.Module, Any]]:
    """Let modules that finish no later than `last` return their cached outputs for `batch`.

    In the ``with`` block this thread may run `model` on `batch` alone; other threads see the
    network unchanged. A module that runs again later is computed each time. The block gets the
    cached outputs, by module.
    """
    known = _outputs(model, last, batch)
    with ExitStack() as stack:
        for module, output in known.items():
            # Only the output of `last` is edited into new memory; others may be written into.
            cached = constant_forward(output, copy=module is not last)
            stack.enter_context(replace_forward(module, cached))
        yield known


def _outputs(model: nn.Module, last: nn.Module, batch: Any) -> dict[nn.Module, Any]:
    """Return the outputs of the modules that run once and have finished when `last` has."""
    known: dict[nn.Module, Any] = {}
    runs: Counter[nn.Module] = Counter()
    over = False

    def keep(module: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal over
        runs[module] += 1
        if not over:
            known[module] = tree_map(_copied, output)
        over = over or module is last

    with eval_mode(model), observe(model.modules(), keep):
        forward(model, batch)
    return {module: output for module, output in known.items() if runs[module] == 1}


def constant_forward(output: Any, copy: bool = False) -> Callable[..., Any]:
    """Return a forward that returns `output`, or a copy of it, whatever the input."""

    def constant(*_args: Any, **_named: Any) -> Any:
        return tree_map(_copied, output) if copy else output

    return constant


class _ThreadForward:
    """A module's forward while threads replace it: each thread runs its own replacement."""

    def __init__(self, module: nn.Module) -> None:
        self.was_set, self.own = "forward" in vars(module), module.forward
        self.by_thread: dict[int, list[Callable[..., Any]]] = {}

    def __call__(self, *args: Any, **named: Any) -> Any:
        mine = self.by_thread.get(threading.get_ident())
        return (mine[-1] if mine else self.own)(*args, **named)


_LOCK = threading.Lock()


@contextmanager
def replace_forward(module: nn.Module, function: Callable[..., Any]) -> Iterator[None]:
    """Make `function` the module's forward in this thread.

    Threads come and go in any order: the last one restores the module's own forward.
    """
    thread = threading.get_ident()
    with _LOCK:
        shared = vars(module).get("forward")
        if not isinstance(shared, _ThreadForward):
            module.forward = shared = _ThreadForward(module)
        shared.by_thread.setdefault(thread, []).append(function)
    try:
        yield
    finally:
        with _LOCK:
            shared.by_thread[thread].remove(function)
            if not shared.by_thread[thread]:
                del shared.by_thread[thread]
            if not shared.by_thread:
                if shared.was_set:
                    module.forward = shared.own
                else:
                    del module.forward


def _copied(item: Any) -> Any:
    return item.clone() if isinstance(item, torch.Tensor) else item
