"""Work on one block of activations: by this thread alone if it is small, else by all of torch's.

To wake another thread takes longer than to read a block that is in the cache, and each pause of
this one sends the others, which the network needs again at once, to sleep.
"""

import math

import numpy as np
import torch

from nbinterp._typing import FloatingArray

# Values: a megabyte of float32, what one core's cache holds.
_ALONE = 2**18

# Bytes: of a huge page, and of the least array for which NumPy asks for them.
_PAGE, _LARGE = 2**21, 2**22


def empty(shape: tuple[int, ...], dtype: str) -> FloatingArray:
    """Return a new array that lies on whole huge pages if it is large.

    NumPy asks the system for such pages, but its arrays begin and end within one: those parts then
    come in small pages, whose faults take longer than to write all the rest.
    """
    n_bytes = math.prod(shape) * np.dtype(dtype).itemsize
    if n_bytes < _LARGE:
        return np.empty(shape, dtype)
    memory = np.empty((n_bytes // _PAGE + 2) * _PAGE, np.uint8)
    start = -memory.ctypes.data % _PAGE
    array: FloatingArray = memory[start : start + n_bytes].view(dtype).reshape(shape)
    return array


def copy(target: FloatingArray, block: FloatingArray) -> None:
    """Copy `block` to `target`, which may be of another type."""
    if block.size <= _ALONE and target.dtype == block.dtype:
        target[...] = block
    else:  # threads share the first touch of new memory, too
        torch.from_numpy(target).copy_(torch.from_numpy(block))


def within(block: FloatingArray, limit: float) -> bool:
    """Return whether all of `block` is finite and from -`limit` to `limit`."""
    if block.size == 0:
        return True
    if block.size <= _ALONE:
        # One reading instead of two. A sum of squares is never below one of them, also rounded,
        # and NaN if one is; should it be too large, entries are looked at.
        if float(np.vdot(block, block)) < limit * limit:
            return True
        low, high = np.minimum.reduce(block, axis=None), np.maximum.reduce(block, axis=None)
    else:
        low, high = torch.aminmax(torch.from_numpy(block))
    return bool(low >= -limit) and bool(high <= limit)  # both false for NaN
