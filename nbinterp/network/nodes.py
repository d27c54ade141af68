"""The nodes of a layer: their names, and where they stand among its activations."""

import re

import numpy as np
import numpy.typing as npt

Places = npt.NDArray[np.int64]


def unit_axis(shape: tuple[int, ...]) -> int:
    """Return which axis of the activations of one sample counts its nodes.

    Channels (channels, height, width) come first, features (tokens, features) last.
    """
    return len(shape) - 1 if len(shape) == 2 else 0


def places(name: str, layer: str, shape: tuple[int, ...]) -> Places | None:
    """Return the flat positions of the node `name` within a sample's activations.

    They are one for ``"conv1[3,0,5]"`` and many for ``"conv1[3]"``, a channel wherever it is
    looked at. None if `name` is no node of `layer`.

    Examples
    --------
    >>> places("conv1[1]", "conv1", (2, 2, 2)), places("conv1[1,0,1]", "conv1", (2, 2, 2))
    (array([4, 5, 6, 7]), array([5]))
    >>> places("logit 4", "conv1", (2, 2, 2)) is None
    True
    """
    grid = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    if name == layer:
        return grid.ravel()
    found = re.fullmatch(re.escape(layer) + r"\[(\d+(?:,\d+)*)\]", name)
    if found is None:
        return None
    at = tuple(int(number) for number in found[1].split(","))
    if len(at) == 1 and len(shape) > 1:
        return unit(at[0], shape)
    if len(at) != len(shape) or any(i >= side for i, side in zip(at, shape, strict=True)):
        return None
    return np.atleast_1d(grid[at])


def unit(number: int, shape: tuple[int, ...]) -> Places | None:
    """Return the flat positions of a whole node: a channel, or a feature of every token."""
    axis = unit_axis(shape)
    if not shape or not 0 <= number < shape[axis]:
        return None
    grid = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return grid.take(number, axis=axis).ravel()
