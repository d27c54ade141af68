"""Measure a network with more and more of its nodes silenced, for many orders of the nodes."""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from nbinterp import _device
from nbinterp.network.hooks import evaluating, forward
from nbinterp.network.rest import Rest

# Larger blocks are given back to the system after each layer, and page faults then take as long
# as the layers.
_CPU_BLOCK_BYTES = 8 * 2**20
_BATCH = 1024  # samples a run


@dataclass(frozen=True)
class Silence:
    """What is silenced: for each order of the nodes, its first nodes, for each of the sizes."""

    orders: npt.NDArray[np.int64]  # (n_orders, largest size)
    sizes: tuple[int, ...]
    members: Sequence[npt.NDArray[np.int64]]  # of each node, its flat positions
    fill: torch.Tensor | None  # flat, in place of the activations; None for 0

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


def measure(
    rest: Rest,
    linear: Rest | None,
    silence: Silence,
    batches: Iterable[tuple[Any, torch.Tensor, torch.Tensor]],
    widest: int,
    outputs: npt.NDArray[np.int64],
    advance: Any,
) -> npt.NDArray[np.float64]:
    """Return sums of outputs and of right answers, (orders, sizes, groups, outputs + 1).

    A batch is inputs, labels (b,) and the membership of samples in groups (n_groups, b). Where
    `linear` reads the layer directly, its output is updated by what each step silences, instead
    of being computed anew. `widest` is how many numbers a sample takes where it takes most.
    """
    n_orders, n_sizes = len(silence.orders), len(silence.sizes)
    kept = torch.as_tensor(outputs)
    sums: torch.Tensor | None = None
    run = rest if linear is None else linear
    for batch, labels, groups in batches:
        n_at_once = max(1, _rows(labels.device, 4 * widest) // (n_sizes * len(labels)))
        edits = _Masked(silence) if linear is None else _Nested(silence, _linear(linear))
        if sums is None:
            sums = torch.zeros(
                (n_orders, n_sizes, len(groups), len(outputs) + 1), dtype=torch.float64
            )
        with run.fixed(batch):
            for start in range(0, n_orders, n_at_once):
                block = slice(start, min(start + n_at_once, n_orders))
                n_edits = n_sizes * (block.stop - block.start)
                logits = run(batch, n_edits, partial(edits, block))
                scores = _scores(logits.reshape(n_edits, len(labels), -1), labels, kept)
                totals = torch.matmul(groups, scores).to("cpu", torch.float64)
                totals = totals.reshape(n_sizes, -1, *totals.shape[1:]).transpose(0, 1)
                sums[block] += totals
                advance(n_edits * len(labels))
    result: npt.NDArray[np.float64] = np.empty(0) if sums is None else sums.numpy()
    return result


def widest(caller: str, model: nn.Module, batch: Any) -> int:
    """Return how many numbers a sample takes at the module whose output takes most."""
    most = 1

    def see(_module: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal most
        for item in tree_leaves(output):
            if isinstance(item, torch.Tensor) and item.ndim:
                most = max(most, item[0].numel())

    with evaluating(model), ExitStack() as hooks:
        for part in model.modules():
            hooks.callback(part.register_forward_hook(see).remove)
        forward(model, batch, caller)
    return most


def batch_size(width: int, n_sizes: int, device: torch.device) -> int:
    """Return how many samples to run at once, of `width` numbers at the most."""
    return max(1, min(_BATCH, _rows(device, 4 * width) // n_sizes))


def _rows(device: torch.device, bytes_per_row: int) -> int:
    if device.type == "cpu":
        return max(1, _CPU_BLOCK_BYTES // bytes_per_row)
    # Some layers later there are more numbers a row than at this one.
    return max(1, _device.rows_per_block(device, 8 * bytes_per_row))


def _linear(rest: Rest) -> nn.Linear:
    module: Any = rest.module
    return module  # type: ignore[no-any-return]


def _scores(logits: torch.Tensor, labels: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the kept outputs and whether the answer is right, (edits, b, outputs + 1)."""
    right = (logits.argmax(dim=2) == labels)[..., None].float()
    return torch.cat([logits[:, :, kept.to(logits.device)].float(), right], dim=2)


class _Masked:
    """Edits of a layer's output: all prefixes of some orders silenced."""

    def __init__(self, silence: Silence) -> None:
        self.silence = silence

    def __call__(self, orders: slice, activation: torch.Tensor, _inputs: Any) -> torch.Tensor:
        flat = activation.reshape(len(activation), -1)
        silent = self.silence.masks(orders, flat.shape[1]).to(flat.device)
        fill = flat.new_zeros(()) if self.silence.fill is None else self.silence.fill.to(flat)
        edited = torch.where(silent[:, None], fill, flat)
        return edited.reshape(-1, *activation.shape[1:])


class _Nested:
    """The same edits at the output of the Linear that reads the layer, updated step by step.

    For one batch: what a node can lose is worked out once.
    """

    def __init__(self, silence: Silence, linear: nn.Linear) -> None:
        self.silence = silence
        self.columns = linear.weight.detach().T.contiguous()
        self.orders = torch.as_tensor(silence.orders, device=linear.weight.device)
        self.lost: torch.Tensor | None = None  # (nodes, b)

    def __call__(self, orders: slice, output: torch.Tensor, inputs: Any) -> torch.Tensor:
        if self.lost is None:
            fill = 0 if self.silence.fill is None else self.silence.fill.to(output)
            self.lost = (inputs[0] - fill).T.contiguous()
        block, sizes = self.orders[orders], self.silence.sizes
        steps = output.new_empty(len(sizes), len(block), *output.shape)
        current = output.expand(len(block), *output.shape)
        for step, (start, stop) in enumerate(zip((0, *sizes), sizes, strict=False)):
            new = block[:, start:stop]
            lost = self.lost[new].transpose(1, 2)
            current = torch.baddbmm(current, lost, self.columns[new], alpha=-1, out=steps[step])
        return steps.reshape(-1, output.shape[1])


def successor(rest: Rest, batch: Any) -> Rest | None:
    """Return the rest after the Linear that alone reads a layer of plain nodes, if there is one."""
    if rest.repeats:
        return None
    readers: list[nn.Linear] = []
    given: list[torch.Tensor] = []
    handles = []
    try:

        def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                given.append(output)

        def compare(module: nn.Module, inputs: Any) -> None:
            if given and inputs and inputs[0] is given[0] and isinstance(module, nn.Linear):
                readers.append(module)

        handles.append(rest.module.register_forward_hook(keep))
        handles += [
            part.register_forward_pre_hook(compare)
            for part in rest.model.modules()
            if isinstance(part, nn.Linear)
        ]
        with evaluating(rest.model):
            forward(rest.model, batch, rest.caller)
    finally:
        for handle in handles:
            handle.remove()
    if len(readers) != 1 or given[0].ndim != 2 or given[0].dtype.itemsize < 4:
        return None
    linear = Rest(rest.caller, rest.model, rest.layer, readers[0])
    # Whether nothing else reads the layer shows when half of its nodes are silenced both ways.
    n_nodes = given[0].shape[1]
    trial = Silence(
        np.arange(n_nodes)[None],
        (max(1, n_nodes // 2),),
        [np.array([i]) for i in range(n_nodes)],
        None,
    )
    try:
        safe = rest(batch, 1, partial(_Masked(trial), slice(0, 1)))
        short = linear(batch, 1, partial(_Nested(trial, readers[0]), slice(0, 1)))
    except RuntimeError:
        return None
    same = short.shape == safe.shape and torch.allclose(
        short, safe, rtol=1e-3, atol=1e-3 * float(safe.abs().max())
    )
    return linear if same else None
