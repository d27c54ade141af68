"""Measure a network with more and more of its nodes silenced, for many orders of the nodes."""

import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from nbinterp import _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp._typing import FloatArray, IntArray
from nbinterp.network.ablation.masks import AblationMasks
from nbinterp.network.ablation.plans import AblationPlan
from nbinterp.network.subject.hooks import evaluating, forward

# What one tensor of a run takes, for each of the threads. Smaller ones spend their time between
# operations; larger ones the system takes back after each layer, and gives out anew page by page.
_CPU_BLOCK_BYTES = 4 * 2**20
_BATCH = 1024  # samples a run


def measure(
    ways: Sequence[AblationPlan],
    silence: AblationMasks,
    batches: Iterable[tuple[Any, torch.Tensor, torch.Tensor]],
    widest: int,
    outputs: IntArray,
    advance: Callable[[int], Any],
) -> FloatArray:
    """Return sums of outputs and of right answers, (orders, sizes, groups, outputs + 1).

    A batch is inputs, labels (b,) and the membership of samples in groups (n_groups, b). Each of
    `ways`, which give the same, works on a part of the orders beside the others. `widest` is how
    many numbers a row takes from the edits on, where it takes most.
    """
    n_orders, n_sizes = len(silence.orders), len(silence.sizes)
    kept = torch.as_tensor(outputs)
    bounds = np.linspace(0, n_orders, len(ways) + 1).round().astype(int)
    parts = [slice(a, b) for a, b in pairwise(bounds) if b > a]
    sums: FloatArray = np.empty(0)
    stop, told = threading.Event(), threading.Lock()

    def work(
        way: AblationPlan, part: slice, batch: Any, labels: torch.Tensor, groups: torch.Tensor
    ) -> None:
        n_at_once = max(1, _rows(labels.device, 4 * widest) // (n_sizes * len(labels)))
        with way.runs(silence, batch) as run:
            for start in range(part.start, part.stop, n_at_once):
                block = slice(start, min(start + n_at_once, part.stop))
                n_edits = silence.n_edits(block)
                scores = _scores(run(block).reshape(n_edits, len(labels), -1), labels, kept)
                totals = (groups @ scores.flatten(1)).to("cpu", torch.float64)
                totals = totals.reshape(len(groups), n_sizes, -1, scores.shape[2])
                sums[block] += totals.permute(2, 1, 0, 3).numpy()
                with told:
                    advance(n_edits * len(labels))
                if stop.is_set():
                    return

    for batch, labels, groups in batches:
        if not len(sums):
            sums = np.zeros((n_orders, n_sizes, len(groups), len(outputs) + 1))
        tasks = [
            partial(work, way, part, batch, labels, groups)
            for way, part in zip(ways, parts, strict=False)
        ]
        parallel_map(tasks, labels.device, stop=stop)
    return sums


def widest(model: nn.Module, batch: Any, after: nn.Module | None = None) -> int:
    """Return how many numbers a sample takes at the module whose output takes most.

    With `after`, of the modules that end no earlier than this one.
    """
    most, begun = 1, after is None

    def see(module: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal most, begun
        begun = begun or module is after
        for item in tree_leaves(output):
            if begun and isinstance(item, torch.Tensor) and item.ndim:
                most = max(most, item[0].numel())

    with evaluating(model), ExitStack() as hooks:
        for part in model.modules():
            hooks.callback(part.register_forward_hook(see).remove)
        forward(model, batch)
    return most


def batch_size(width: int, n_sizes: int, device: torch.device) -> int:
    """Return how many samples to run at once, of `width` numbers at the most."""
    return max(1, min(_BATCH, _rows(device, 4 * width) // n_sizes))


def _rows(device: torch.device, bytes_per_row: int) -> int:
    if device.type == "cpu":
        return max(1, _CPU_BLOCK_BYTES // bytes_per_row)
    # Some layers later there are more numbers a row than at this one.
    return max(1, _device.rows_per_block(device, 8 * bytes_per_row))


def _scores(logits: torch.Tensor, labels: torch.Tensor, kept: torch.Tensor) -> torch.Tensor:
    """Return the kept outputs and whether the answer is right, (b, edits, outputs + 1)."""
    right = (logits.argmax(dim=2) == labels).float()
    if len(kept) < logits.shape[2]:
        logits = logits[:, :, kept.to(logits.device)]
    return torch.cat([logits.float(), right[..., None]], dim=2).transpose(0, 1)
