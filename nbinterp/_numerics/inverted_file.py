"""Approximate nearest neighbours of many samples: search only near cells."""

from functools import partial
from itertools import accumulate
from threading import Lock

import numpy as np
import torch

from nbinterp import _device
from nbinterp._numerics.kmeans import rough_centers
from nbinterp._numerics.neighbours import (
    ALIGNED,
    Neighbours,
    border_base,
    border_queries,
    centred,
    nearest,
    refine,
    smallest,
)
from nbinterp._numerics.parallel import parallel_map

# Number of samples whose exact neighbours decide how many cells to search, and of those that test
# it.
_N_TRIAL = 500
# k-means sees this many samples per cell: rough cells are enough.
_SAMPLES_PER_CELL = 10
# Closeness of a row to a cell falls by a factor e for each such step that the row is farther from
# the cell's centre than from its own, in units of the root mean square distance to centres (tuned
# on MNIST).
_SOFTNESS = 0.1
# Closeness is a whole number of these units, so that the order of summation does not matter.
_UNIT = 2.0**-30
# Distances of this many rows from all cells stay in the processor's cache.
_CACHED_ROWS = 128
# Beyond this share of all pairs of samples, the exact search is as fast.
_WORTHWHILE = 0.5


def nearest_by_cells(
    data: torch.Tensor, k: int, random: np.random.RandomState, *, recall: float = 0.99
) -> tuple[Neighbours, float]:
    """Return approximately the `k` nearest other rows for each row of `data`.

    k-means groups the rows into cells. One matrix product compares all rows of a cell with the rows
    of close cells. Exact neighbours of a random sample decide how close a cell must be, and a
    second sample measures the recall. If the recall is too low, or the search would save little
    time, the exact search runs instead.

    Parameters
    ----------
    data : Tensor of shape (n, n_features)
        Rows to search among.
    k : int
        Neighbours per row, below `n`.
    random : RandomState
        Draws the cells and the samples.
    recall : float
        Least share of true neighbours to find.

    Returns
    -------
    neighbours : Neighbours
        Indices and exact distances, nearest first.
    recall : float
        Share of true neighbours that were found, measured on the second sample; 1 if exact.

    References
    ----------
    Jégou, Douze, Schmid, Product quantization for nearest neighbor search, 2011, section IV
    (the inverted file); here cells choose which cells to search, instead of queries.
    """
    n, device = len(data), data.device
    everyone = torch.arange(n, device=device)
    labels, order, closeness = _make_cells(data.float(), min(n, 4 * int(np.sqrt(n))), random)
    sizes = labels.bincount(minlength=len(order))
    chosen = torch.as_tensor(random.choice(n, min(n, 2 * _N_TRIAL), replace=False), device=device)
    truth = nearest(data[chosen], data, k, own=chosen)
    half = len(chosen) // 2
    seen = closeness[labels[chosen[:half], None], labels[truth.indices[:half]]]
    aim = 1 - 0.6 * (1 - recall)  # with a margin, as the sample is small
    least = torch.quantile(seen.flatten(), 1 - aim, interpolation="lower")
    n_close = (closeness >= least).sum(1)
    reach = sizes[order].cumsum(dim=1)
    if float((sizes * reach.gather(1, n_close[:, None] - 1).squeeze(1)).sum()) > _WORTHWHILE * n**2:
        return nearest(data, data, k, own=everyone), 1.0
    # Each row needs k other rows to compare with, even if that takes more cells.
    needed = torch.searchsorted(reach, torch.full_like(reach[:, :1], k + 1)).squeeze(1) + 1
    searched = torch.maximum(needed, n_close).clamp(max=len(order)).tolist()
    near = [cells[:m] for cells, m in zip(order.tolist(), searched, strict=True)]
    found = _search_cells(data, k, labels, near)
    close = found.distances[chosen[half:]] <= truth.distances[half:, -1:] * (1 + 1e-6)
    measured = float(close.double().mean())
    if measured < recall:
        return nearest(data, data, k, own=everyone), 1.0
    return found, measured


def _make_cells(
    data: torch.Tensor, n_cells: int, random: np.random.RandomState
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return each row's cell, the order of all cells by closeness, and the closeness."""
    n, device = len(data), data.device
    centers, spread = rough_centers(data, n_cells, random, n_seen=_SAMPLES_PER_CELL * n_cells)
    middle = data.mean(0)
    centers = centers - middle
    bordered = border_base(centers, (centers * centers).sum(1, keepdim=True))
    fall = max(_SOFTNESS * spread**0.5, torch.finfo(data.dtype).tiny)
    labels = torch.empty(n, dtype=torch.int64, device=device)
    sums = torch.zeros(n_cells, n_cells, dtype=torch.int64, device=device)
    step = _device.rows_per_block(device, 4 * data.element_size() * n_cells)
    if device.type == "cpu":
        step = min(step, _CACHED_ROWS)
    adding = Lock()

    def assign_rows(start: int) -> None:
        block = data[start : start + step] - middle
        apart = border_queries(block) @ bordered.T
        apart.add_((block * block).sum(1, keepdim=True)).clamp_(min=0).sqrt_()
        own = apart.min(dim=1)
        labels[start : start + step] = own.indices
        close = apart.sub_(own.values[:, None]).div_(-fall).exp_().div_(_UNIT).long()
        with adding:
            sums.index_add_(0, own.indices, close)

    parallel_map([partial(assign_rows, start) for start in range(0, n, step)], device)
    sizes = labels.bincount(minlength=n_cells)
    closeness = sums.double() / sizes.clamp(min=1)[:, None]
    closeness.fill_diagonal_(torch.inf)
    # Cells with closeness 0 follow by distance.
    by_distance = torch.cdist(centers, centers).argsort(dim=1)
    ranked = closeness.gather(1, by_distance).argsort(dim=1, descending=True, stable=True)
    return labels, by_distance.gather(1, ranked), closeness


def _search_cells(
    data: torch.Tensor, k: int, labels: torch.Tensor, near: list[list[int]]
) -> Neighbours:
    """For each row of cell ``c``, search the cells ``near[c]``, of which ``c`` is the first."""
    _, data, scale = centred(data, data)
    rows_of = labels.argsort(stable=True)
    single = data[rows_of].float()
    lengths = (single * single).sum(1, keepdim=True)
    bases, queries = border_base(single, lengths), border_queries(single)
    queries = torch.cat([queries, queries[:ALIGNED]])  # pads the last block
    sizes = labels.bincount(minlength=len(near)).tolist()
    base_of, row_of = torch.split(bases, sizes), torch.split(rows_of, sizes)
    indices = torch.empty(len(data), k, dtype=torch.int64, device=data.device)
    distances = torch.empty(len(data), k, dtype=data.dtype, device=data.device)

    def search(first: int, others: list[int]) -> None:
        base = torch.cat([base_of[other] for other in others])
        base_rows = torch.cat([row_of[other] for other in others])
        own_rows = row_of[others[0]]
        step = _device.rows_per_block(data.device, 8 * len(base))
        for start in range(0, len(own_rows), step):
            rows = own_rows[start : start + step]
            place, width = first + start, -(-len(rows) // ALIGNED) * ALIGNED
            scores = (base @ queries[place : place + width].T)[:, : len(rows)]
            scores.diagonal(-start).fill_(torch.inf)  # a row is not its own neighbour
            candidates = base_rows[smallest(scores.T, k)[1]]
            indices[rows], distances[rows] = refine(data.index_select(0, rows), data, candidates, k)

    firsts = accumulate(sizes, initial=0)
    tasks = [partial(search, first, others) for first, others in zip(firsts, near, strict=False)]
    parallel_map(tasks, data.device)
    return Neighbours(indices, distances * scale)
