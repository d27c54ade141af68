"""The nodes that random draws are taken from: those that vary, one of each kind."""

from collections.abc import Sequence

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatingArray, IntArray

_SIZES = (5, 10, 20, 50)
_ROUNDING = 1e-5  # relative: of float32 activations, whose last digits depend on the batch


def checked_sizes(sizes: Sequence[int] | None, n_nodes: int) -> tuple[int, ...] | None:
    """Return how many nodes to ablate, ascending; None if that is left to `steps_of`."""
    if sizes is None:
        return None
    asked = np.atleast_1d(np.asarray(sizes, dtype=object))
    _checks.require(len(asked) > 0, "(sizes=[])", "must hold a number of nodes", "Use (5, 10, 20).")
    checked = {
        _checks.integer("sizes", size, 1, n_nodes, of="the number of nodes") for size in asked
    }
    return tuple(sorted(checked))


def steps_of(sizes: tuple[int, ...] | None, n_live: int, n_nodes: int) -> tuple[int, ...]:
    """Return `sizes` if so many nodes are live; for None those of 5, 10, 20, 50 below that.

    Raises if a random draw of a size could not be made, or if no node varies.

    Examples
    --------
    >>> steps_of(None, 16, 16), steps_of(None, 3, 3), steps_of((2, 4), 6, 9)
    ((5, 10), (1,), (2, 4))
    """
    _checks.require(
        n_live > 0,
        f"(data): the {n_nodes} nodes of the layer",
        "must vary over the samples, but all are constant",
        "Pass samples that differ, or name a layer that reads them.",
    )
    if sizes is None:
        return tuple(size for size in _SIZES if size < n_live) or (max(1, n_live // 2),)
    _checks.require(
        sizes[-1] <= n_live,
        f"(sizes={list(sizes)})",
        f"must be at most the number of nodes that vary and differ over the data, {n_live} of "
        f"{n_nodes}, or random draws could not be compared",
        f"Use {n_live} or fewer, or n_random=0.",
    )
    return sizes


def live_nodes(activations: FloatingArray, positions: Sequence[IntArray]) -> IntArray:
    """Return the nodes whose activations (n, …) vary over the samples; of equal ones the first.

    To ablate a node that is constant changes nothing or the same for all samples, and ablating two
    equal nodes is ablating one twice as strongly: such draws make the band of chance too narrow.

    Parameters
    ----------
    activations : array of shape (n_samples, ...)
        Of the layer.
    positions : sequence of arrays of int
        The flat positions of each node among a sample's activations.

    Examples
    --------
    >>> live_nodes(np.array([[1.0, 0, 1, 2], [3, 0, 3, 2], [5, 0, 5, 9]]), [[0], [1], [2], [3]])
    array([0, 3])
    """
    flat = activations.reshape(len(activations), -1)
    low, high = flat.min(axis=0), flat.max(axis=0)
    size = np.maximum(np.abs(low), np.abs(high))
    varies = high - low > _ROUNDING * size
    # Equal nodes have equal sums with any weights, so they are neighbours in the order of these.
    weights = np.random.default_rng(0).normal(size=len(flat)).astype(flat.dtype)
    sums = weights @ flat
    alive = [node for node, at in enumerate(positions) if varies[at].any()]
    alive.sort(key=lambda node: (len(positions[node]), *sums[positions[node]], node))
    first: list[int] = []
    near = _ROUNDING * len(flat) * size.max(initial=0.0)
    for node in alive:
        at, before = positions[node], positions[first[-1]] if first else np.empty(0, np.int64)
        if (
            len(at) == len(before)
            and np.abs(sums[at] - sums[before]).max() <= near
            and bool((np.abs(flat[:, at] - flat[:, before]) <= _ROUNDING * size[at]).all())
        ):
            first[-1] = min(first[-1], node)
        else:
            first.append(node)
    return np.array(sorted(first), dtype=np.int64)
