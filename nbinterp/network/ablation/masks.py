"""Which nodes are silenced, for many orders and sizes at once, and two ways to do it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp._typing import IntArray
from nbinterp.network.ablation.trailing_layers import rows_at_once, run, widths


@dataclass(frozen=True)
class AblationMasks:
    """What is silenced: for each order of the nodes, its first nodes, for each of the sizes."""

    orders: IntArray  # (n_orders, largest size)
    sizes: tuple[int, ...]
    members: Sequence[IntArray]  # of each node, its flat positions
    fill: torch.Tensor | None  # flat, in place of the activations; None for 0

    def n_edits(self, orders: slice) -> int:
        """Return how many edits the prefixes of some orders are."""
        return len(self.sizes) * len(self.orders[orders])

    def masks(self, orders: slice, n_positions: int) -> torch.Tensor:
        """Return what is silenced, (sizes * orders, n_positions), sizes first."""
        block = self.orders[orders]
        silent = np.zeros((len(self.sizes), len(block), n_positions), dtype=bool)
        for row, order in enumerate(block):
            start = 0
            for step, size in enumerate(self.sizes):
                new = [self.members[node] for node in order[start:size]]
                silent[step:, row, np.concatenate(new)] = True
                start = size
        return torch.from_numpy(silent.reshape(-1, n_positions))


class Masked:
    """Edits of a layer's output: all prefixes of some orders silenced."""

    def __init__(self, silence: AblationMasks) -> None:
        self.silence = silence

    def __call__(self, orders: slice, activation: torch.Tensor, _inputs: Any) -> torch.Tensor:
        """Return the edits of `activation`, (sizes * orders * b, ...)."""
        flat = activation.reshape(len(activation), -1)
        silent = self.silence.masks(orders, flat.shape[1]).to(flat.device)
        fill = flat.new_zeros(()) if self.silence.fill is None else self.silence.fill.to(flat)
        edited = torch.where(silent[:, None], fill, flat)
        return edited.reshape(-1, *activation.shape[1:])


class Nested:
    """The same edits where the layer has gone through an affine map, updated step by step.

    What the nodes silenced from one size to the next contributed is taken from what the size
    before gave: a product of those nodes alone.

    Parameters
    ----------
    silence : AblationMasks
        What is silenced.
    columns : tensor of shape (n_nodes, n_outputs)
        What each node contributes.
    activation : tensor of shape (b, n_nodes)
        Of the one batch that these edits are for.
    """

    def __init__(
        self, silence: AblationMasks, columns: torch.Tensor, activation: torch.Tensor
    ) -> None:
        fill = 0 if silence.fill is None else silence.fill.to(activation)
        self.sizes, self.columns = silence.sizes, columns
        self.orders = torch.as_tensor(silence.orders, device=columns.device)
        self.lost = (activation - fill).T.contiguous()  # (n_nodes, b)
        self.steps: torch.Tensor | None = None

    def __call__(self, orders: slice, output: torch.Tensor, _inputs: Any) -> torch.Tensor:
        """Return the edits of `output`, (sizes * orders * b, n_outputs), until the next call."""
        block = self.orders[orders]
        shape = (len(self.sizes), len(block), *output.shape)
        # Always the same memory: new pages cost more than the products that fill them.
        if self.steps is None or self.steps.shape != shape:
            self.steps = output.new_empty(shape)
        current = output.expand(len(block), *output.shape)
        lost = self._of(self.lost, block).transpose(1, 2)
        columns = self._of(self.columns, block)
        for step, (start, stop) in enumerate(zip((0, *self.sizes), self.sizes, strict=False)):
            left, right = lost[:, :, start:stop], columns[:, start:stop]
            current = torch.baddbmm(current, left, right, alpha=-1, out=self.steps[step])
        return self.steps.reshape(-1, output.shape[1])

    def through(
        self, orders: slice, output: torch.Tensor, parts: Sequence[nn.Module]
    ) -> torch.Tensor:
        """Return what the plain `parts` make of the edits, (sizes * orders * b, n_last).

        Piece by piece: what a piece goes through stays in the processor's cache.
        """
        block = self.orders[orders]
        rows, n_last = rows_at_once(parts, output), widths(parts, output.shape[1])[-1]
        n_samples, n_orders = min(rows, len(output)), max(1, rows // len(output))
        answers = output.new_empty((len(self.sizes), len(block), len(output), n_last))
        for first in range(0, len(block), n_orders):
            some = slice(first, first + n_orders)
            columns = self._of(self.columns, block[some])
            for begin in range(0, len(output), n_samples):
                piece = slice(begin, begin + n_samples)
                lost = self._of(self.lost[:, piece], block[some]).transpose(1, 2)
                current = output[piece].repeat(len(columns), 1, 1)
                for step, (start, stop) in enumerate(pairwise((0, *self.sizes))):
                    left, right = lost[:, :, start:stop], columns[:, start:stop]
                    current.baddbmm_(left, right, alpha=-1)
                    answer = run(parts, current.flatten(0, 1))
                    answers[step, some, piece] = answer.view(len(columns), -1, n_last)
        return answers.flatten(0, 2)

    def _of(self, rows: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
        # Rows picked one by one, as `rows[block]` does it, take many times as long.
        return rows.index_select(0, block.reshape(-1)).view(*block.shape, rows.shape[1])
