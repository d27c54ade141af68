"""The nodes of a layer: their names, their positions, and one value per channel."""

import re
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatingArray, IntArray

POOLS = ("mean", "max", "first", "last")


def node_names(layer: str, shape: tuple[int, ...]) -> list[str]:
    """Return one name per activation of a layer whose activations of one sample have `shape`."""
    if not shape:
        return [layer]
    return [f"{layer}[{','.join(map(str, place))}]" for place in np.ndindex(*shape)]


def channel_axis(shape: tuple[int, ...]) -> int:
    """Return which axis of the activations of one sample counts its nodes, judged by its shape.

    Channels (channels, height, width) come first, features (tokens, features) last. Where the
    module is known, `channels.node_axis` is better.
    """
    return len(shape) - 1 if len(shape) == 2 else 0


def channel_names(layer: str, shape: tuple[int, ...], axis: int) -> list[str]:
    """Return one name per node of a layer whose nodes are counted along `axis` of `shape`.

    On another axis than `channel_axis`, the name says where the number stands.

    Examples
    --------
    >>> channel_names("conv1", (2, 3, 3), 0), channel_names("conv", (2, 9), 0)
    (['conv1[0]', 'conv1[1]'], ['conv[0,:]', 'conv[1,:]'])
    """
    usual = len(shape) == 1 or axis == channel_axis(shape)
    before, after = ("", "") if usual else (":," * axis, ",:" * (len(shape) - 1 - axis))
    return [f"{layer}[{before}{number}{after}]" for number in range(shape[axis])]


def positions_of_name(name: str, layer: str, shape: tuple[int, ...]) -> IntArray | None:
    """Return the flat positions of the node `name` in a sample's activations.

    ``"conv1[3,0,5]"`` has one position; ``"conv1[3]"``, a channel, has all positions of its map. A
    colon is every place along an axis, as in NumPy: ``"conv[3,:]"``. None if `layer` has no such
    node.

    Examples
    --------
    >>> shape = (2, 2, 2)
    >>> positions_of_name("conv1[1]", "conv1", shape)
    array([4, 5, 6, 7])
    >>> positions_of_name("conv1[1,0,1]", "conv1", shape)
    array([5])
    >>> positions_of_name("conv[1,:]", "conv", (2, 3)), positions_of_name("conv[1]", "conv", (2, 3))
    (array([3, 4, 5]), array([1, 4]))
    >>> positions_of_name("logit 4", "conv1", shape) is None
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
        return positions_of_number(at[0], shape, channel_axis(shape))
    if len(at) != len(shape):
        return None
    if any(isinstance(i, int) and i >= side for i, side in zip(at, shape, strict=True)):
        return None
    return np.atleast_1d(grid[tuple(at)]).ravel()


def positions_of_number(number: int, shape: tuple[int, ...], axis: int) -> IntArray | None:
    """Return the flat positions of a whole node, counted along `axis`: a channel, or a feature."""
    if not shape or not 0 <= number < shape[axis]:
        return None
    grid = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
    return grid.take(number, axis=axis).ravel()


def pool_axis(layer: str, ndim: int, axis: int | None, usual: int | None = None) -> int:
    """Return which axis of activations with `ndim` axes holds the channels, counted from 0.

    If `axis` is None it is `usual`, or what the number of axes suggests.
    """
    if axis is None:
        return usual or (1 if ndim > 3 else ndim - 1)
    number = _checks.integer("channel_axis", axis, -ndim)
    _checks.require(
        number % ndim != 0 and number < ndim,
        f"(channel_axis={axis})",
        f"must be an axis of {layer!r} other than the samples', 1 to {ndim - 1} or -1",
        "Check the shape of the activations.",
    )
    return number % ndim


def pooled(values: FloatingArray, pool: str, axis: int, mask: BoolArray | None) -> Any:
    """Return (n, channels) from activations whose channels lie on `axis`.

    A mask (n, tokens) counts where there is one other axis, of as many tokens.
    """
    if values.ndim < 3:
        return values
    tokens = np.moveaxis(values, axis, -1)
    inner = tokens.shape[1:-1]
    tokens = tokens.reshape(len(tokens), -1, tokens.shape[-1])
    use = mask if mask is not None and inner == mask.shape[1:] else None
    if pool == "mean":
        if use is None:
            mean: FloatingArray = tokens.mean(axis=1, dtype=np.float32)
            return mean
        counts = np.maximum(use.sum(axis=1, keepdims=True), 1)
        return np.einsum("ntc,nt->nc", tokens, (use / counts).astype(np.float32))
    if pool == "max":
        if use is None or not use.any(axis=1).all():
            return tokens.max(axis=1)
        return np.where(use[:, :, None], tokens, -np.inf).max(axis=1)
    if use is None:
        return tokens[:, 0 if pool == "first" else -1]
    # argmax finds the first True.
    place = use.argmax(axis=1) if pool == "first" else -1 - use[:, ::-1].argmax(axis=1)
    return tokens[np.arange(len(tokens)), place]
