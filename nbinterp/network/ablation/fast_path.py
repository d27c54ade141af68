"""The fast path of ablations: update the Linear behind the layer instead of computing it anew.

Where one Linear alone reads a layer, to ablate some more nodes changes its output by the product of
these nodes and their columns of the weight. What follows runs piece by piece on what is in the
processor's cache. It needs a proof of what lies behind the layer
(`nbinterp.network.subject.graph`); `nbinterp.network.fast_paths` switches it off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from nbinterp import _device
from nbinterp.network.ablation.masks import AblationMasks, Direct, Run
from nbinterp.network.subject.forward import EditedForward
from nbinterp.network.subject.graph import Step, Tail
from nbinterp.network.subject.rowwise import BATCH_NORM, LINEAR

# How much the rounding of an update may be, in the worst case, of what is left.
_DIGITS = 1e-3
# The largest tensor while a piece runs: it stays in a processor's cache.
_PIECE_BYTES = 2**20
# A Linear with fewer outputs is several times as fast as weights times columns of samples.
_NARROW = 32


@dataclass(frozen=True)
class FastPath:
    """Edits the output of the one Linear that reads the layer, or of the BatchNorm after it.

    Parameters
    ----------
    forward : EditedForward
        Runs the network up to the layer.
    head : Tail
        The Linear, and the BatchNorm if there is one.
    columns : Tensor of shape (n_nodes, n_outputs)
        What one unit of each node adds to the output of the head.
    rest : Tail
        All that follows.
    """

    forward: EditedForward
    head: Tail
    columns: Tensor
    rest: Tail
    # The network prepares its input once a batch: take fewer samples and more orders.
    orders_at_once = 4

    @contextmanager
    def runs(self, masks: AblationMasks, batch: Any) -> Iterator[Run]:
        """Yield a function that runs `batch` with the nodes of some orders ablated."""
        activation = self.forward.activation(batch)
        with self.forward.subject.ready():
            if self.head.fits(activation):
                output = self.head.run(activation.clone())
                edits = _NestedEdits(masks, self.columns, activation)
                if edits.keep_their_digits(output):
                    yield partial(edits.through, output=output, rest=self.rest)
                    return
        # The model changed, these samples have another shape, or digits would be lost.
        with Direct(self.forward).runs(masks, batch) as run:
            yield run


AblationPlan = Direct | FastPath


class _NestedEdits:
    """The output of an affine map as more and more of its inputs are ablated.

    From one size to the next, the contribution of the newly ablated nodes is subtracted.

    Parameters
    ----------
    masks : AblationMasks
        The nodes to ablate.
    columns : tensor of shape (n_nodes, n_outputs)
        The contribution of one unit of each node.
    activation : tensor of shape (b, n_nodes)
        The nodes' activations for the one batch of these edits.
    """

    def __init__(self, masks: AblationMasks, columns: Tensor, activation: Tensor) -> None:
        fill = 0 if masks.fill is None else masks.fill.to(activation)
        self.sizes, self.columns = masks.sizes, columns
        self.orders = torch.as_tensor(masks.orders, device=columns.device)
        self.lost = (activation - fill).T.contiguous()  # (n_nodes, b)

    def keep_their_digits(self, output: Tensor) -> bool:
        """Return whether what is left of the output, which may be small, outweighs its rounding.

        Where few nodes are far larger than all others, their contribution rounds away the others'.
        """
        sizes = self.lost.abs().amax(dim=1) * self.columns.abs().amax(dim=1)
        least = sizes.sort().values[: max(0, len(sizes) - self.sizes[-1])].sum()
        constant = output[:1] - self.lost[:, :1].T @ self.columns  # with all nodes ablated
        left = least + constant.abs().amax()
        rounding = torch.finfo(sizes.dtype).eps * sizes.sum()
        return bool(rounding <= _DIGITS * left)

    @torch.no_grad()
    def through(self, orders: slice, output: Tensor, rest: Tail) -> Tensor:
        """Return the outputs of the `rest` for the edits of `output`, (sizes * orders * b, n)."""
        block = self.orders[orders]
        rows = _rows_per_piece(rest, output)
        n_samples, n_orders = min(rows, len(output)), max(1, rows // len(output))
        answers: Tensor | None = None
        for first in range(0, len(block), n_orders):
            some = slice(first, first + n_orders)
            columns = _rows(self.columns, block[some])
            for begin in range(0, len(output), n_samples):
                piece = slice(begin, begin + n_samples)
                lost = _rows(self.lost[:, piece], block[some]).transpose(1, 2)
                current = output[piece].repeat(len(columns), 1, 1)
                for step, (start, stop) in enumerate(pairwise((0, *self.sizes))):
                    left, right = lost[:, :, start:stop], columns[:, start:stop]
                    current.baddbmm_(left, right, alpha=-1)
                    edited = current.flatten(0, 1)
                    answer = rest.run(edited.clone() if rest.mutates else edited)
                    answer = answer.view(len(columns), -1, answer.shape[-1])
                    if answers is None:
                        shape = (len(self.sizes), len(block), len(output), answer.shape[-1])
                        answers = output.new_empty(shape)
                    answers[step, some, piece] = answer
        assert answers is not None  # noqa: S101 (there is an order)
        return answers.flatten(0, 2)


def fastest_plan(edited: EditedForward) -> AblationPlan:
    """Return the fastest plan that is proven to give the same as `Direct`."""
    tail = edited.tail
    if tail is None or tail.like.ndim != 2 or tail.like.dtype.itemsize < 4 or not tail.steps:
        return Direct(edited)
    linear, parts = tail.steps[0], tail.split(1)
    if linear.function not in LINEAR or parts is None:
        return Direct(edited)
    columns = linear.args[1].detach().T
    norm = tail.steps[1] if len(tail.steps) > 1 else linear
    with_norm = tail.split(2) if norm.function in BATCH_NORM else None
    if with_norm is not None:
        columns, parts = columns * _scale(norm), with_norm
    head, rest = parts
    rest = replace(rest, steps=tuple(map(_narrowed, rest.steps)))
    return FastPath(edited, head, columns.contiguous(), rest)


def _scale(norm: Step) -> Tensor:
    """Return what a BatchNorm in eval mode multiplies its input by, (n,)."""
    given = dict(zip(("input", "mean", "var", "weight", "bias"), norm.args, strict=False))
    given |= {"eps": 1e-5} | norm.named
    variance = given.get("running_var", given.get("var"))
    scale: Tensor = (variance + given["eps"]).rsqrt()
    weight = given.get("weight")
    return scale if weight is None else scale * weight.detach()


def _narrowed(step: Step) -> Step:
    return replace(step, function=_narrow_linear) if step.function in LINEAR else step


def _narrow_linear(rows: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    if len(weight) < _NARROW and bias is not None and rows.ndim == 2:
        return torch.addmm(bias[:, None], weight, rows.T).T
    return functional.linear(rows, weight, bias)


def _rows_per_piece(rest: Tail, example: Tensor) -> int:
    """Return how many rows like those of `example` (b, n) make a piece."""
    per_row = rest.width_from(example) * example.element_size()
    step = _device.rows_per_block(example.device, 4 * per_row)
    return max(1, min(step, _PIECE_BYTES // per_row)) if example.device.type == "cpu" else step


def _rows(values: Tensor, block: Tensor) -> Tensor:
    # `values[block]` picks rows one by one, which takes many times as long.
    return values.index_select(0, block.reshape(-1)).view(*block.shape, values.shape[1])
