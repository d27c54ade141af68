"""One value a channel, out of its map or its tokens."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import BoolArray, FloatingArray

POOLS = ("mean", "max", "first", "last")


def channel_axis_of(layer: str, ndim: int, axis: int | None) -> int:
    """Return which axis of activations with `ndim` axes holds the channels, counted from 0."""
    if axis is None:
        return 1 if ndim > 3 else ndim - 1
    number = _checks.integer("channel_axis", axis, -ndim)
    _checks.require(
        number % ndim != 0 and number < ndim,
        f"(channel_axis={axis})",
        f"must be an axis of {layer!r} other than the samples', 1 to {ndim - 1} or -1",
        "Look at the shape of the activations.",
    )
    return number % ndim


def pooled(values: FloatingArray, pool: str, axis: int, mask: BoolArray | None) -> Any:
    """Return (n, channels) out of activations whose channels lie on `axis`.

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
