"""Run a network with the output of one layer edited."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from nbinterp import _checks
from nbinterp.network.subject.cache import cached_prefix
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.model import lock_of
from nbinterp.network.subject.subject import Subject

# From activations (b, ...) of a batch, and the inputs of the layer, to (n_edits * b, ...), edit
# after edit: a new tensor.
Edit = Callable[[torch.Tensor, Any], torch.Tensor]


class EditedForward:
    """Runs `model` on a batch with the output of `layer` replaced by edits of it.

    The plain way repeats the inputs once for each edit. The fast path runs the layers up to
    `layer` once, and only the later ones for each edit. It is right if the later layers read
    nothing but this layer's output; a skip connection around it breaks that. `probe` runs both
    and takes the fast path where they agree and `fast_paths` are enabled.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network.
    layer : str
        The layer, by its dotted path.
    module : torch.nn.Module, optional
        The module whose output to edit, if that is not `layer` itself.
    """

    def __init__(
        self, model: nn.Module | Subject, layer: str, module: nn.Module | None = None
    ) -> None:
        self.subject = Subject.of(model)
        self.model = self.subject.model
        self.layer = layer
        self.repeats = False
        self._ready = False
        self.module = self.subject.layer(layer) if module is None else module

    def __call__(self, batch: Any, n_edits: int, edit: Edit) -> torch.Tensor:
        """Return the outputs (n_edits * b, ...) for a batch of b samples on the model's device."""
        return self._repeated(batch, n_edits, edit) if self.repeats else self._run(batch, edit)

    @contextmanager
    def prepared(self, batch: Any) -> Iterator[dict[nn.Module, Any]]:
        """Share work between all calls with this `batch` in the block.

        The block gets the cached outputs of modules, which is empty without the fast path.
        """
        known: dict[nn.Module, Any] = {}
        with lock_of(self.model), self.subject.ready(), ExitStack() as stack:
            if not self.repeats:
                known = stack.enter_context(cached_prefix(self.model, self.module, batch))
            self._ready = True
            try:
                yield known
            finally:
                self._ready = False

    def probe(self, batch: Any) -> torch.Tensor:
        """Choose the way to run by trying both on `batch`, and return the layer's activations.

        A batch of one may fit by broadcasting where several samples do not: try as many as run.
        """
        seen: list[torch.Tensor] = []

        def halve(activation: torch.Tensor, _inputs: Any) -> torch.Tensor:
            seen.append(activation.clone())
            return torch.cat([activation, activation / 2, activation * 0])

        plain = self._repeated(batch, 3, halve)
        self.repeats = True
        if fast_paths_enabled():
            try:
                fast = self._run(batch, halve)
                self.repeats = fast.shape != plain.shape or not _close(fast, plain)
            except Exception:
                # The rows did not match something that bypassed the layer.
                self.repeats = True
        return seen[0]

    def _repeated(self, batch: Any, n_edits: int, edit: Edit) -> torch.Tensor:
        copies = tree_map(lambda item: _tiled(item, n_edits), batch)

        def first_copy(activation: torch.Tensor, inputs: Any) -> torch.Tensor:
            return edit(activation[: len(activation) // n_edits], inputs)

        return self._run(copies, first_copy)

    def _run(self, batch: Any, edit: Edit) -> torch.Tensor:
        n_runs = 0

        def replace(output: Any, inputs: Any) -> Any:
            nonlocal n_runs
            n_runs += 1
            activation = first_tensor(f"layer {self.layer!r}", output)
            return with_first_tensor(output, edit(activation, inputs))

        with (
            lock_of(self.model),
            nullcontext() if self._ready else self.subject.ready(),
            replace_output(self.module, replace),
        ):
            output = self.subject.run(batch)
        _checks.require(
            n_runs == 1,
            f"(layer={self.layer!r})",
            f"must be a layer that runs once in the forward pass, but it ran {n_runs} times",
            "Name a module that forward calls once, such as the block around it.",
        )
        return output


def _tiled(item: Any, n_copies: int) -> Any:
    if not isinstance(item, torch.Tensor) or item.ndim == 0:
        return item
    return item.repeat(n_copies, *[1] * (item.ndim - 1))


def _close(fast: torch.Tensor, plain: torch.Tensor) -> bool:
    """Return whether two ways to compute the same differ by rounding only."""
    digits = torch.finfo(plain.dtype).eps ** 0.5
    scale = torch.nan_to_num(plain).abs().amax().clamp(min=torch.finfo(plain.dtype).tiny)
    return torch.allclose(fast, plain, rtol=digits, atol=float(scale) * digits, equal_nan=True)
