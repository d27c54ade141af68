"""Run a network with the output of one layer edited."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_map

from nbinterp import _checks
from nbinterp.network.subject.fast_paths import fast_paths_enabled
from nbinterp.network.subject.graph import Tail, tail_behind
from nbinterp.network.subject.hooks import first_tensor, replace_output, with_first_tensor
from nbinterp.network.subject.model import lock_of
from nbinterp.network.subject.size import widest_output
from nbinterp.network.subject.subject import Subject

# From activations (b, ...) of a batch to (n_edits * b, ...), edit after edit: a new tensor.
Edit = Callable[[torch.Tensor], torch.Tensor]
# From the number of edits and an edit to the outputs (n_edits * b, ...).
Run = Callable[[int, Edit], torch.Tensor]


class EditedForward:
    """Runs a network on a batch with the output of `layer` replaced by edits of it.

    The plain way repeats the inputs once for each edit, with one hook on the layer. Where it is
    proven what lies behind the layer (`tail_behind`), only that runs for each edit, unless
    `fast_paths` are off.

    Parameters
    ----------
    model : torch.nn.Module or Subject
        The network.
    layer : str
        The layer, by its dotted path.
    module : torch.nn.Module, optional
        The module whose output to edit, if that is not `layer` itself.

    Attributes
    ----------
    tail : Tail or None
        What lies behind the layer, once `probe` has proven it.
    """

    def __init__(
        self, model: nn.Module | Subject, layer: str, module: nn.Module | None = None
    ) -> None:
        self.subject = Subject.of(model)
        self.layer = layer
        self.module = self.subject.layer(layer) if module is None else module
        self.tail: Tail | None = None

    def probe(self, batch: Any) -> torch.Tensor:
        """Return the layer's activations for a few samples, and look what lies behind it.

        Raises
        ------
        ValueError
            If the layer does not run exactly once.
        """
        activation = self.activation(batch)
        if fast_paths_enabled() and self.subject.seed is None:
            with lock_of(self.subject.model), self.subject.ready():
                self.tail = tail_behind(self.subject, self.module, batch)
        return activation

    def width(self, batch: Any) -> int:
        """Return the largest number of values that a row has while an edit runs."""
        return widest_output(self.subject, batch) if self.tail is None else self.tail.width

    def activation(self, batch: Any) -> torch.Tensor:
        """Return a copy of the layer's activations (b, ...)."""
        seen: list[torch.Tensor] = []

        def keep(activation: torch.Tensor) -> torch.Tensor:
            seen.append(activation.clone())
            return activation

        self._run(batch, keep)
        return seen[0]

    def replaced(self, batch: Any, n_rows: int, rows_like: Edit) -> torch.Tensor:
        """Return the outputs (n_rows, ...) with the layer's output replaced, for one sample.

        `rows_like` gets activations, of which it takes the shape and the type only, and returns
        `n_rows` new ones.
        """
        tail = self.tail
        with self.subject.ready():
            if tail is not None and tail.fits(tail.like):
                return tail.run(rows_like(tail.like))
        return self._repeated(batch, n_rows, rows_like)

    @contextmanager
    def prepared(self, batch: Any) -> Iterator[Run]:
        """Share work between all runs of this `batch` in the block."""
        tail = self.tail
        with self.subject.ready():
            if tail is not None:
                activation = self.activation(batch)
                if tail.fits(activation):
                    yield lambda _n_edits, edit: tail.run(edit(activation))
                    return
            yield lambda n_edits, edit: self._repeated(batch, n_edits, edit)

    def _repeated(self, batch: Any, n_edits: int, edit: Edit) -> torch.Tensor:
        if self.subject.seed is not None:  # rows of one batch would see different draws
            return torch.cat([self._one_of(batch, k, edit) for k in range(n_edits)])
        copies = tree_map(lambda item: _tiled(item, n_edits), batch)
        return self._run(copies, lambda activation: edit(activation[: len(activation) // n_edits]))

    def _one_of(self, batch: Any, number: int, edit: Edit) -> torch.Tensor:
        def only(activation: torch.Tensor) -> torch.Tensor:
            n = len(activation)
            return edit(activation)[number * n : (number + 1) * n]

        return self._run(batch, only)

    def _run(self, batch: Any, edit: Edit) -> torch.Tensor:
        n_runs = 0

        def replace(output: Any, _inputs: Any) -> Any:
            nonlocal n_runs
            n_runs += 1
            activation = first_tensor(f"layer {self.layer!r}", output)
            return with_first_tensor(output, edit(activation))

        with (
            lock_of(self.subject.model),
            self.subject.ready(),
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
