"""Run the first layers of a network once, however often the later ones run."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from nbinterp.network.subject.hooks import evaluating, forward


@contextmanager
def remembered(model: nn.Module, last: nn.Module, batch: Any) -> Iterator[dict[nn.Module, Any]]:
    """Let the modules that finish no later than `last` give what they gave for `batch`.

    As long as the ``with`` block runs, `model` may be run on `batch` alone, by this thread; other
    threads see the network as it is. A module that runs again later is computed each time. The
    block gets the outputs that are kept, by module.
    """
    known = _outputs(model, last, batch)
    with ExitStack() as stack:
        for module, output in known.items():
            # `last` is about to be edited, into new memory. Others may be written into.
            stack.callback(put(module, recalled(output, copy=module is not last)))
        yield known


def _outputs(model: nn.Module, last: nn.Module, batch: Any) -> dict[nn.Module, Any]:
    """Return what modules put out that run once, and have finished when `last` has."""
    known: dict[nn.Module, Any] = {}
    runs: Counter[nn.Module] = Counter()
    over = False
    thread = threading.get_ident()

    def keep(module: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal over
        if threading.get_ident() != thread:
            return
        runs[module] += 1
        if not over:
            known[module] = tree_map(_copied, output)
        over = over or module is last

    with evaluating(model), ExitStack() as hooks:
        for module in model.modules():
            hooks.callback(module.register_forward_hook(keep).remove)
        forward(model, batch)
    return {module: output for module, output in known.items() if runs[module] == 1}


def recalled(output: Any, copy: bool = False) -> Callable[..., Any]:
    """Return a forward that gives `output`."""

    def recall(*_args: Any, **_named: Any) -> Any:
        return tree_map(_copied, output) if copy else output

    return recall


class _Standin:
    """The forward of a module for which threads have put others: each thread runs its own."""

    def __init__(self, module: nn.Module) -> None:
        self.held, self.own = "forward" in vars(module), module.forward
        self.put: dict[int, list[Callable[..., Any]]] = {}

    def __call__(self, *args: Any, **named: Any) -> Any:
        mine = self.put.get(threading.get_ident())
        return (mine[-1] if mine else self.own)(*args, **named)


_LOCK = threading.Lock()


def put(module: nn.Module, function: Callable[..., Any]) -> Callable[[], None]:
    """Make `function` the module's forward in this thread, and return what takes it away.

    Threads come and go in any order: the module's own forward is back with the last one.
    """
    thread = threading.get_ident()
    with _LOCK:
        standin = vars(module).get("forward")
        if not isinstance(standin, _Standin):
            module.forward = standin = _Standin(module)
        standin.put.setdefault(thread, []).append(function)

    def back() -> None:
        with _LOCK:
            standin.put[thread].remove(function)
            if not standin.put[thread]:
                del standin.put[thread]
            if standin.put:
                return
            if standin.held:
                module.forward = standin.own
            else:
                del module.forward

    return back


def _copied(item: Any) -> Any:
    return item.clone() if isinstance(item, torch.Tensor) else item
