"""The nodes of a layer: their names, and where they stand among its activations."""

import re

import numpy as np

from nbinterp._typing import IntArray


def unit_axis(shape: tuple[int, ...]) -> int:
    """Return which axis of the activations of one sample counts its nodes.

    Channels (channels, height, width) come first, features (tokens, features) last.
    """
    return len(shape) - 1 if len(shape) == 2 else 0


def unit_names(layer: str, shape: tuple[int, ...], axis: int) -> list[str]:
    """Return one name a node of a layer whose nodes are counted along `axis` of `shape`.

    On another axis than that of `unit_axis`, the name says where the number stands.

    Examples
    --------
    >>> unit_names("conv1", (2, 3, 3), 0), unit_names("conv", (2, 9), 0)
    (['conv1[0]', 'conv1[1]'], ['conv[0,:]', 'conv[1,:]'])
    """
    usual = len(shape) == 1 or axis == unit_axis(shape)
    before, after = ("", "") if usual else (":," * axis, ",:" * (len(shape) - 1 - axis))
    return [f"{layer}[{before}{number}{after}]" for number in range(shape[axis])]


def places(name: str, layer: str, shape: tuple[int, ...]) -> IntArray | None:
    """Return the flat positions of the node `name` within a sample's activations.

    They are one for ``"conv1[3,0,5]"`` and many for ``"conv1[3]"``, a channel wherever it is
    looked at. A colon is every place along an axis, as in NumPy: ``"conv[3,:]"``. None if `name`
    is no node of `layer`.

    Examples
    --------
    >>> places("conv1[1]", "conv1", (2, 2, 2)), places("conv1[1,0,1]", "conv1", (2, 2, 2))
    (array([4, 5, 6, 7]), array([5]))
    >>> places("conv[1,:]", "conv", (2, 3)), places("conv[1]", "conv", (2, 3))
    (array([3, 4, 5]), array([1, 4]))
    >>> places("logit 4", "conv1", (2, 2, 2)) is None
    True
    """
    grid = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    if name == layer:
        return grid.ravel()
    found = re.fullmatch(re.escape(layer) + r"\[((?:\d+|:)(?:,(?:\d+|:))*)\]", name)
    if found is None:
        return None
    at = [slice(None) if part == ":" else int(part) for part in found[1].split(",")]
    if len(at) == 1 and len(shape) > 1 and isinstance(at[0], int):
        return unit(at[0], shape)
    if len(at) != len(shape):
        return None
    if any(isinstance(i, int) and i >= side for i, side in zip(at, shape, strict=True)):
        return None
    return np.atleast_1d(grid[tuple(at)]).ravel()


def unit(number: int, shape: tuple[int, ...]) -> IntArray | None:
    """Return the flat positions of a whole node: a channel, or a feature of every token."""
    axis = unit_axis(shape)
    if not shape or not 0 <= number < shape[axis]:
        return None
    grid = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return grid.take(number, axis=axis).ravel()
