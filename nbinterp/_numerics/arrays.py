"""Functions for code that runs with NumPy on the CPU and with torch on a GPU.

A call of torch costs several times what a call of NumPy does, more than the work itself on arrays
of thousands of entries. Both know the operators, slices and most names of the array API.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbinterp._typing import AnyArray

Array = Any  # a Tensor or a NumPy array; all arrays of one call are of the same kind


def as_array(tensor: Tensor) -> Array:
    """Return a tensor of the CPU as a NumPy array that shares its memory, another as it is."""
    return tensor.numpy() if tensor.device.type == "cpu" else tensor


def on_host(array: Array) -> bool:
    """Return whether values can be read without waiting for a device."""
    return isinstance(array, np.ndarray)


def to_host(array: Array) -> AnyArray:
    """Return an array as one of NumPy."""
    result: AnyArray = array if isinstance(array, np.ndarray) else array.cpu().numpy()
    return result


def to_device(values: npt.ArrayLike, like: Array, dtype: Any = None) -> Array:
    """Return values of the host as an array of the kind of `like`, where it is."""
    if isinstance(like, np.ndarray):
        return np.asarray(values, dtype)
    return torch.as_tensor(values, dtype=dtype, device=like.device)


def namespace(array: Array) -> Any:
    """Return the module whose functions take `array`."""
    return np if isinstance(array, np.ndarray) else torch


def empty(like: Array, shape: tuple[int, ...]) -> Array:
    """Return an array of the kind and type of `like`, not filled."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def full(like: Array, shape: tuple[int, ...], value: float) -> Array:
    """Return an array of the kind and type of `like`, filled with `value`."""
    if isinstance(like, np.ndarray):
        return np.full(shape, value, like.dtype)
    return like.new_full(shape, value)


def cast(array: Array, dtype: Any) -> Array:
    """Return `array` in the type `dtype`, itself if it is of that type."""
    return array.astype(dtype, copy=False) if isinstance(array, np.ndarray) else array.to(dtype)


def diagonal(square: Array) -> Array:
    """Return the diagonals ``(K, m)`` of new matrices ``(K, m, m)``, to read and to write."""
    k, m = square.shape[:2]
    return square.reshape(k, m * m)[:, :: m + 1]


def row_dots(a: Array, b: Array) -> Array:
    """Return the inner products of the last dimension."""
    # numpy.linalg.vecdot does the same and takes twice as long on short rows.
    return np.vecdot(a, b) if isinstance(a, np.ndarray) else torch.linalg.vecdot(a, b)
