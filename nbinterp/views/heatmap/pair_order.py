"""An order of rows in which those that act with the same others stand together."""

import numpy as np

from nbinterp._typing import AnyArray, IntArray

_MOST_LEAVES = 2048  # the best order of leaves costs the square of their number, and more


def seriated(strengths: AnyArray) -> IntArray:
    """Return the order of the rows of a symmetric matrix of strengths, none of them negative.

    Rows go together that are strong with the same others, by the cosine between them; each counts
    as strong with itself, so that two that are strong only with each other meet. The tree of their
    average linkage is turned so that neighbours are as near as can be. Rows of nothing but zeros
    keep their order at the end.

    References
    ----------
    Bar-Joseph, Gifford and Jaakkola, "Fast optimal leaf ordering for hierarchical clustering",
    Bioinformatics 17 (2001).

    Examples
    --------
    >>> import numpy as np
    >>> strengths = np.zeros((5, 5))
    >>> strengths[[0, 3, 3, 4], [3, 0, 4, 3]] = 1.0
    >>> seriated(strengths)
    array([0, 3, 4, 1, 2])
    """
    table = np.array(strengths, np.float64)
    np.fill_diagonal(table, 0.0)
    largest = table.max(axis=1, initial=0.0)
    active = np.flatnonzero(largest > 0)
    still = np.flatnonzero(~(largest > 0))
    if len(active) < 3:
        return _joined(active, still)
    rows = table[np.ix_(active, active)]
    np.fill_diagonal(rows, largest[active])
    # The root, as in the picture: the few largest would else decide alone.
    rows = np.sqrt(rows)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    place = np.triu_indices(len(rows), 1)
    apart = np.clip(1.0 - (rows @ rows.T)[place], 0.0, None)
    from scipy.cluster.hierarchy import (  # slow to import, and seldom needed
        leaves_list,
        linkage,
        optimal_leaf_ordering,
    )

    tree = linkage(apart, "average")
    if len(active) <= _MOST_LEAVES:
        tree = optimal_leaf_ordering(tree, apart)
    leaves = leaves_list(tree)
    if leaves[0] > leaves[-1]:
        leaves = leaves[::-1]  # of two orders as good, the one nearer to that given
    return _joined(active[leaves], still)


def _joined(first: IntArray, last: IntArray) -> IntArray:
    order: IntArray = np.concatenate([first, last])
    return order
