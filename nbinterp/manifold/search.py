"""Ways to look up neighbours: among features, in cells, or in distances already known."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from nbinterp._numerics.inverted_file import nearest_by_cells
from nbinterp._numerics.neighbours import Neighbours, nearest

# From rows of the queries and k, to their k nearest rows of the base. Rows with fewer are filled
# up with infinite distances.
Search = Callable[[torch.Tensor, int], Neighbours]


def by_features(queries: torch.Tensor, base: torch.Tensor, own: torch.Tensor | None) -> Search:
    """Return the exact search; `own` is the base row that each query itself is, if it is one."""

    def search(rows: torch.Tensor, k: int) -> Neighbours:
        return nearest(queries[rows], base, k, own=None if own is None else own[rows])

    return search


def by_cells(data: torch.Tensor, random: np.random.RandomState) -> tuple[Search, list[float]]:
    """Return the search of `data` in itself by cells, and a list that receives its recall.

    The few rows that ask again, for more neighbours, are searched exactly.
    """
    exact = by_features(data, data, torch.arange(len(data), device=data.device))
    recall: list[float] = []

    def search(rows: torch.Tensor, k: int) -> Neighbours:
        if len(rows) < len(data):
            return exact(rows, k)
        found, measured = nearest_by_cells(data, k, random)
        recall.append(measured)
        return found

    return search, recall


def by_distances(distances: torch.Tensor, *, among_themselves: bool) -> Search:
    """Return the search in a dense matrix of distances ``(n_queries, n_base)``."""

    def search(rows: torch.Tensor, k: int) -> Neighbours:
        block = distances[rows]
        if among_themselves:
            block.scatter_(1, rows[:, None], torch.inf)
        best = block.topk(k, dim=1, largest=False)
        return Neighbours(best.indices, best.values)

    return search


def by_list(stored: Any, *, among_themselves: bool, device: torch.device) -> Search:
    """Return the search in a sparse CSR matrix, whose stored entries are all that is near."""
    stored = stored.tocoo()
    kept = stored.row != stored.col if among_themselves else slice(None)
    row, column, value = stored.row[kept], stored.col[kept], stored.data[kept]
    order = np.lexsort((value, row))
    row, column, value = row[order], column[order], value[order]
    counts = np.bincount(row, minlength=stored.shape[0])
    place = np.arange(len(row)) - np.repeat(counts.cumsum() - counts, counts)
    indices = np.zeros((stored.shape[0], counts.max()), dtype=np.int64)
    distances = np.full(indices.shape, np.inf)
    indices[row, place], distances[row, place] = column, value
    found = Neighbours(torch.as_tensor(indices, device=device), torch.as_tensor(distances, device=device))

    def search(rows: torch.Tensor, k: int) -> Neighbours:
        return Neighbours(found.indices[rows, :k], found.distances[rows, :k])

    return search
