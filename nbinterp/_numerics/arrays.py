"""Functions for code that runs with NumPy on the CPU and with torch on a GPU.

On arrays of thousands of entries, a call of torch costs several times as much as a call of NumPy,
and more than the work itself. Both share operators, slices and most names of the array API.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from nbinterp._typing import AnyArray

Array = Any  # a Tensor or a NumPy array; all arrays of one call are of the same kind


def as_tensor(values: Any) -> Tensor:
    """Return numbers of the caller as a tensor, without a copy where that is safe.

    Memory that may not be written, such as that of a DataFrame, is copied: torch warns of it.
    """
    if isinstance(values, Tensor):
        return values.detach()
    array = np.asarray(values)
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def as_array(tensor: Tensor) -> Array:
    """Return a CPU tensor as a NumPy array that shares its memory, a GPU tensor unchanged."""
    return tensor.numpy() if tensor.device.type == "cpu" else tensor


def on_host(array: Array) -> bool:
    """Return whether the values can be read without waiting for a device."""
    return isinstance(array, np.ndarray)


def to_host(array: Array) -> AnyArray:
    """Return an array as a NumPy array."""
    result: AnyArray = array if isinstance(array, np.ndarray) else array.cpu().numpy()
    return result


def to_device(values: npt.ArrayLike, like: Array, dtype: Any = None) -> Array:
    """Return host values as an array of the kind of `like`, on the device of `like`."""
    if isinstance(like, np.ndarray):
        return np.asarray(values, dtype)
    return torch.as_tensor(values, dtype=dtype, device=like.device)


def namespace(array: Array) -> Any:
    """Return the module whose functions take `array`."""
    return np if isinstance(array, np.ndarray) else torch


def empty(like: Array, shape: tuple[int, ...]) -> Array:
    """Return an uninitialized array of the kind and dtype of `like`."""
    return np.empty(shape, like.dtype) if isinstance(like, np.ndarray) else like.new_empty(shape)


def full(like: Array, shape: tuple[int, ...], value: float) -> Array:
    """Return an array of the kind and dtype of `like`, filled with `value`."""
    if isinstance(like, np.ndarray):
        return np.full(shape, value, like.dtype)
    return like.new_full(shape, value)


def cast(array: Array, dtype: Any) -> Array:
    """Return `array` converted to `dtype`; the array itself if it has that dtype."""
    return array.astype(dtype, copy=False) if isinstance(array, np.ndarray) else array.to(dtype)


def diagonal(square: Array) -> Array:
    """Return the diagonals ``(K, m)`` of matrices ``(K, m, m)`` as a writable view."""
    k, m = square.shape[:2]
    return square.reshape(k, m * m)[:, :: m + 1]


def row_dots(a: Array, b: Array) -> Array:
    """Return the inner products along the last dimension."""
    # numpy.linalg.vecdot does the same and takes twice as long on short rows.
    return np.vecdot(a, b) if isinstance(a, np.ndarray) else torch.linalg.vecdot(a, b)
