"""Neighbour searches: by features, in cells, or in a matrix of distances."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nbinterp._numerics.inverted_file import nearest_by_cells
from nbinterp._numerics.neighbours import Neighbours, nearest


@dataclass(frozen=True)
class Search:
    """A search for the neighbours of queries in a base.

    Parameters
    ----------
    find : callable
        Takes rows of the queries and ``k``; returns their ``k`` nearest rows of the base, or fewer
        if no more are known. Shorter rows are padded with infinite distances.
    n_queries : int
        Number of queries.
    n_others : int
        Number of base rows that can be neighbours of a query.
    device : torch.device
        Where the neighbours are.
    """

    find: Callable[[torch.Tensor, int], Neighbours]
    n_queries: int
    n_others: int
    device: torch.device


def by_features(queries: torch.Tensor, base: torch.Tensor, own: torch.Tensor | None) -> Search:
    """Return an exact search; `own` is the base row of each query, None if queries are new."""

    def find(rows: torch.Tensor, k: int) -> Neighbours:
        return nearest(queries[rows], base, k, own=None if own is None else own[rows])

    return Search(find, len(queries), len(base) - (own is not None), base.device)


def by_cells(data: torch.Tensor, random: np.random.RandomState) -> tuple[Search, list[float]]:
    """Return an approximate search of `data` in itself, and a list that receives its recall.

    Repeated requests, for more neighbours of a few rows, are searched exactly.
    """
    exact = by_features(data, data, torch.arange(len(data), device=data.device))
    recall: list[float] = []

    def find(rows: torch.Tensor, k: int) -> Neighbours:
        if len(rows) < len(data):
            return exact.find(rows, k)
        found, measured = nearest_by_cells(data, k, random)
        recall.append(measured)
        return found

    return Search(find, exact.n_queries, exact.n_others, exact.device), recall


def by_distances(distances: torch.Tensor, *, among_themselves: bool) -> Search:
    """Return a search in a dense matrix of distances ``(n_queries, n_base)``."""

    def find(rows: torch.Tensor, k: int) -> Neighbours:
        block = distances[rows]
        if among_themselves:
            block.scatter_(1, rows[:, None], torch.inf)
        best = block.topk(k, dim=1, largest=False)
        return Neighbours(best.indices, best.values)

    n_queries, n_base = distances.shape
    return Search(find, n_queries, n_base - among_themselves, distances.device)


def by_list(stored: Any, *, among_themselves: bool, device: torch.device) -> Search:
    """Return a search in a sparse CSR matrix; only stored entries count as neighbours."""
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
    near, apart = torch.as_tensor(indices, device=device), torch.as_tensor(distances, device=device)

    def find(rows: torch.Tensor, k: int) -> Neighbours:
        return Neighbours(near[rows, :k], apart[rows, :k])

    n_queries, n_base = stored.shape
    return Search(find, n_queries, n_base - among_themselves, device)
