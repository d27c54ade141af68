"""Order inputs so that those with the same partners stand side by side."""

import numpy as np

from nbinterp._typing import AnyArray, IntArray

_MOST_LEAVES = 2048  # the best order of leaves takes more than quadratic time


def seriated(strengths: AnyArray) -> IntArray:
    """Return an order of the rows of a symmetric matrix that puts similar rows side by side.

    `strengths` are not negative. Similarity is the cosine between rows. The diagonal counts as
    large as the largest entry of the row, so that two rows that are strong only with each other
    are similar. The order is that of the leaves of the average-linkage tree, with the branches
    flipped so that neighbours are as similar as possible. Rows of zeros keep their order at the
    end.

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
    # Square roots, as on screen: otherwise a few large entries would decide the order.
    rows = np.sqrt(rows)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    place = np.triu_indices(len(rows), 1)
    apart = np.clip(1.0 - (rows @ rows.T)[place], 0.0, None)
    from scipy.cluster.hierarchy import (  # slow to import, and rarely needed
        leaves_list,
        linkage,
        optimal_leaf_ordering,
    )

    tree = linkage(apart, "average")
    if len(active) <= _MOST_LEAVES:
        tree = optimal_leaf_ordering(tree, apart)
    leaves = leaves_list(tree)
    if leaves[0] > leaves[-1]:
        leaves = leaves[::-1]  # of both directions, take the one nearer to the given order
    return _joined(active[leaves], still)


def _joined(first: IntArray, last: IntArray) -> IntArray:
    order: IntArray = np.concatenate([first, last])
    return order
