"""The rest of a network after one layer, run on activations that were edited there."""

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import nn
from torch.utils._pytree import tree_map

from nbinterp import _checks, _device
from nbinterp.network.data.batches import batches
from nbinterp.network.data.rows import pick
from nbinterp.network.subject.cache import remembered
from nbinterp.network.subject.hooks import evaluating, find, first_tensor, forward, home

# From activations (b, ...) of a batch, and the inputs of the layer, to (k * b, ...), edit after
# edit: a new tensor.
Edit = Callable[[torch.Tensor, Any], torch.Tensor]

# One at a time of each model: its mode is shared by all threads.
_LOCKS: WeakKeyDictionary[nn.Module, threading.RLock] = WeakKeyDictionary()
_LOCK = threading.Lock()


class EditedForward:
    """Runs `model` on a batch with the output of `layer` replaced by edits of it.

    For k edits of b samples the model runs on b inputs as far as `layer`, and only from there on
    k * b rows. That fits where all that comes later is made from the layer's output alone. Where
    it is not, as with a skip connection around the layer, the inputs are repeated k times.
    Which of the two, `probe` finds out by running both. `module` is what to edit if it is not
    `layer` itself.
    """

    def __init__(self, model: nn.Module, layer: str, module: nn.Module | None = None) -> None:
        self.model = model
        self.layer = layer
        self.repeats = False
        self._ready = False
        self.module = find(model, layer)[layer] if module is None else module

    def __call__(self, batch: Any, n_edits: int, edit: Edit) -> torch.Tensor:
        """Return the outputs (n_edits * b, ...) for a batch of b samples on the model's device."""
        return self._repeated(batch, n_edits, edit) if self.repeats else self._shared(batch, edit)

    @contextmanager
    def fixed(self, batch: Any) -> Iterator[dict[nn.Module, Any]]:
        """Run what comes up to `layer` only once for all calls with this `batch` in the block.

        The block gets what modules put out so far.
        """
        known: dict[nn.Module, Any] = {}
        with _lock_of(self.model), evaluating(self.model), ExitStack() as stack:
            if not self.repeats:
                recall = remembered(self.model, self.module, batch)
                known = stack.enter_context(recall)
            self._ready = True
            try:
                yield known
            finally:
                self._ready = False

    def probe(self, batch: Any) -> torch.Tensor:
        """Choose the way to run by trying both on `batch`, and return its activations.

        A batch of one may fit by broadcasting where several samples do not: try as many as run.
        """
        seen: list[torch.Tensor] = []

        def halve(activation: torch.Tensor, _inputs: Any) -> torch.Tensor:
            seen.append(activation.clone())
            return torch.cat([activation, activation / 2, activation * 0])

        safe = self._repeated(batch, 3, halve)
        try:
            short = self._shared(batch, halve)
            self.repeats = short.shape != safe.shape or not _close(short, safe)
        except Exception:
            # The rows did not fit to something that went around the layer.
            self.repeats = True
        return seen[0]

    def _shared(self, batch: Any, edit: Edit) -> torch.Tensor:
        return self._run(batch, edit)

    def _repeated(self, batch: Any, n_edits: int, edit: Edit) -> torch.Tensor:
        copies = tree_map(lambda item: _tiled(item, n_edits), batch)

        def first_copy(activation: torch.Tensor, inputs: Any) -> torch.Tensor:
            return edit(activation[: len(activation) // n_edits], inputs)

        return self._run(copies, first_copy)

    def _run(self, batch: Any, edit: Edit) -> torch.Tensor:
        n_runs = 0
        thread, what = threading.get_ident(), f"layer {self.layer!r}"

        def hook(_module: nn.Module, inputs: Any, output: Any) -> Any:
            nonlocal n_runs
            if threading.get_ident() != thread:
                return None  # another thread uses the model meanwhile
            n_runs += 1
            return replaced(output, edit(first_tensor(what, output), inputs))

        with _lock_of(self.model), nullcontext() if self._ready else evaluating(self.model):
            handle = self.module.register_forward_hook(hook)
            try:
                output = forward(self.model, batch)
            finally:
                handle.remove()
        _checks.require(
            n_runs == 1,
            f"(layer={self.layer!r})",
            f"must be a layer that runs once in the forward pass, but it ran {n_runs} times",
            "Name a module that forward calls once, such as the block around it.",
        )
        return output


def _lock_of(model: nn.Module) -> Any:
    with _LOCK:
        return _LOCKS.setdefault(model, threading.RLock())


def moved(model: nn.Module, device: str | torch.device | None) -> nn.Module:
    """Return `model` if it is on `device`, else a copy that is."""
    if device is None:
        return model
    wanted = _device.resolve(device)
    return model if home(model)[0] == wanted else copy.deepcopy(model).to(wanted)


def taken(model: nn.Module, data: Any, *rows: int) -> Any:
    """Return a few samples of `data` as a batch where `model` is."""
    where, dtype = home(model)
    batch = next(iter(batches(pick(data, np.array(rows)), len(rows), dtype)))
    return placed(batch, where)


def placed(batch: Any, where: torch.device) -> Any:
    """Return a batch, of one tensor or several, on the device `where`."""
    return tree_map(lambda item: item.to(where) if isinstance(item, torch.Tensor) else item, batch)


def replaced(output: Any, tensor: torch.Tensor) -> Any:
    """Return the output of a layer with its first tensor replaced."""
    if isinstance(output, torch.Tensor):
        return tensor
    if isinstance(output, dict):
        first = next(iter(output))
        changed = output.copy()  # of the same type, as the outputs of transformers are
        changed[first] = tensor
        return changed
    rest = [tensor, *output[1:]]
    return type(output)(*rest) if hasattr(output, "_fields") else type(output)(rest)


def _tiled(item: Any, n_copies: int) -> Any:
    if not isinstance(item, torch.Tensor) or item.ndim == 0:
        return item
    return item.repeat(n_copies, *[1] * (item.ndim - 1))


def _close(short: torch.Tensor, safe: torch.Tensor) -> bool:
    """Return whether two ways to compute the same differ by rounding only."""
    digits = torch.finfo(safe.dtype).eps ** 0.5
    scale = torch.nan_to_num(safe).abs().amax().clamp(min=torch.finfo(safe.dtype).tiny)
    return torch.allclose(short, safe, rtol=digits, atol=float(scale) * digits, equal_nan=True)
