"""Candidates for nearest neighbours among points of few dimensions, from a k-d tree."""

from functools import partial

import torch
from scipy.spatial import cKDTree

from nbinterp._numerics.parallel import parallel_map

# With more features a tree looks at most of the points.
_MOST_FEATURES = 4
# A tree takes longer to make than so few points to compare.
_FEWEST_POINTS = 2_000
_QUERIES_AT_A_TIME = 4_096  # between two of these, an interrupt is heard


def suits_a_tree(base: torch.Tensor) -> bool:
    """Return whether a tree of these points is faster than comparing all of them."""
    n, n_features = base.shape
    return base.device.type == "cpu" and n >= _FEWEST_POINTS and n_features <= _MOST_FEATURES


def tree_candidates(
    queries: torch.Tensor, base: torch.Tensor, k: int, *, own: torch.Tensor | None
) -> torch.Tensor:
    """Return the `k` nearest rows of `base` for each query ``(n_queries, k)``, in no order.

    They are exact up to rounding in float64. A query is not its own neighbour: `own` is its row.
    """
    tree = cKDTree(base.double().numpy(), balanced_tree=False)
    n_found = k + (own is not None)

    def search(rows: torch.Tensor) -> torch.Tensor:
        found = torch.as_tensor(tree.query(queries[rows].double().numpy(), n_found)[1])
        found = found.long().view(len(rows), n_found)
        if own is None:
            return found
        # Where a query is not found, since it has many copies, the last one found goes.
        itself = found == own[rows, None]
        itself[:, -1] |= ~itself.any(1)
        return found[~itself].view(len(rows), k)

    everyone = torch.arange(len(queries))
    tasks = [partial(search, rows) for rows in torch.split(everyone, _QUERIES_AT_A_TIME)]
    return torch.cat(parallel_map(tasks, base.device))
