"""Which nodes to ablate, for many orders and sizes at once, and the general way to do it."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch

from nbinterp._typing import IntArray
from nbinterp.network.subject.forward import EditedForward

# From some orders to the outputs (sizes * orders * b, n_outputs).
Run = Callable[[slice], torch.Tensor]


@dataclass(frozen=True)
class AblationMasks:
    """Ablates the first nodes of each order, for each of the sizes.

    Parameters
    ----------
    orders : ndarray of shape (n_orders, largest size)
        Nodes, by their place in `positions`.
    sizes : tuple of int
        How many nodes to ablate, ascending.
    positions : sequence of ndarray
        The flat positions of each node among a sample's activations.
    fill : tensor, optional
        The value of each position if its node is ablated; None is 0.
    """

    orders: IntArray
    sizes: tuple[int, ...]
    positions: Sequence[IntArray]
    fill: torch.Tensor | None

    def n_edits(self, orders: slice) -> int:
        """Return how many edits some orders need: one for each size."""
        return len(self.sizes) * len(self.orders[orders])

    def masks(self, orders: slice, n_positions: int) -> torch.Tensor:
        """Return which positions are ablated, (sizes * orders, n_positions), sizes first."""
        block = self.orders[orders]
        ablated = np.zeros((len(self.sizes), len(block), n_positions), dtype=bool)
        for row, order in enumerate(block):
            start = 0
            for step, size in enumerate(self.sizes):
                new = [self.positions[node] for node in order[start:size]]
                ablated[step:, row, np.concatenate(new)] = True
                start = size
        return torch.from_numpy(ablated.reshape(-1, n_positions))

    def edits(self, orders: slice, activation: torch.Tensor) -> torch.Tensor:
        """Return `activation` (b, ...) with nodes ablated, (sizes * orders * b, ...)."""
        flat = activation.reshape(len(activation), -1)
        masks = self.masks(orders, flat.shape[1]).to(flat.device)
        fill = flat.new_zeros(()) if self.fill is None else self.fill.to(flat)
        edited = torch.where(masks[:, None], fill, flat)
        return edited.reshape(-1, *activation.shape[1:])


@dataclass(frozen=True)
class Direct:
    """The general plan: edit the output of the layer itself."""

    forward: EditedForward
    orders_at_once = 1

    @contextmanager
    def runs(self, masks: AblationMasks, batch: Any) -> Iterator[Run]:
        """Yield a function that runs `batch` with the nodes of some orders ablated."""
        with self.forward.prepared(batch) as run:
            yield lambda orders: run(masks.n_edits(orders), partial(masks.edits, orders))
