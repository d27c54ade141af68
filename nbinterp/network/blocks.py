"""Work on one block of activations: by this thread alone if it is small, else by all of torch's.

To wake another thread takes longer than to read a block that is in the cache, and each pause of
this one sends the others, which the network needs again at once, to sleep.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch

Values = npt.NDArray[np.floating[Any]]

# Values: a megabyte of float32, what one core's cache holds.
_ALONE = 2**18


def copy(target: Values, block: Values) -> None:
    """Copy `block` to `target`, which may be of another type."""
    if block.size <= _ALONE and target.dtype == block.dtype:
        target[...] = block
    else:  # threads share the first touch of new memory, too
        torch.from_numpy(target).copy_(torch.from_numpy(block))


def within(block: Values, limit: float) -> bool:
    """Return whether all of `block` is finite and from -`limit` to `limit`."""
    if block.size == 0:
        return True
    if block.size <= _ALONE:
        low, high = np.minimum.reduce(block, axis=None), np.maximum.reduce(block, axis=None)
    else:
        low, high = torch.aminmax(torch.from_numpy(block))
    return bool(low >= -limit) and bool(high <= limit)  # both false for NaN
