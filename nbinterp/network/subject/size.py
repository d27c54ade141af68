"""How many rows to run through a network at once."""

from typing import Any

import torch
from torch import nn
from torch.utils._pytree import tree_leaves

from nbinterp import _device
from nbinterp.network.subject.hooks import observe
from nbinterp.network.subject.subject import Subject

# The size of a tensor in a run, in each thread. Small tensors spend their time between operations;
# the system takes large ones back after each layer and maps them anew page by page.
_CPU_BLOCK_BYTES = 4 * 2**20
_MOST_SAMPLES = 1024


def widest_output(subject: Subject, batch: Any) -> int:
    """Return how many numbers per sample the module with the largest output returns."""
    most = 1

    def see(_module: nn.Module, _inputs: Any, output: Any) -> None:
        nonlocal most
        for item in tree_leaves(output):
            # Attention with a padding mask uses nested tensors inside, which have no length.
            if isinstance(item, torch.Tensor) and not item.is_nested and item.ndim and len(item):
                most = max(most, item[0].numel())

    with subject.ready(), observe(subject.model.modules(), see):
        subject.call(batch)
    return most


def batch_size(width: int, n_edits: int, device: torch.device) -> int:
    """Return how many samples to run at once for `n_edits` edits of at most `width` numbers."""
    return max(1, min(_MOST_SAMPLES, rows_at_once(device, width) // n_edits))


def rows_at_once(device: torch.device, width: int) -> int:
    """Return how many rows of `width` float32 numbers to run at once."""
    if device.type == "cpu":
        return max(1, _CPU_BLOCK_BYTES // (4 * width))
    # Later layers may hold more numbers per row than this one.
    return max(1, _device.rows_per_block(device, 32 * width))
