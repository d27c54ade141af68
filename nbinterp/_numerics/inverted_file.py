"""Nearest neighbours of very many samples, looked for in near cells only."""

import numpy as np
import torch

from nbinterp import _device
from nbinterp._numerics.kmeans import k_means
from nbinterp._numerics.neighbours import Neighbours, centred, nearest, refine

# Samples whose exact neighbours decide how many cells to search, and as many that test it.
_N_TRIAL = 500
# Cells are made by k-means of so many samples each, in so many iterations: they need not be good.
_SAMPLES_PER_CELL = 10
_K_MEANS_ITERATIONS = 4
# A sample votes for the cells nearest to it as neighbours of its own.
_N_VOTES = 16
# Share of pairs of samples beyond which comparing all is no slower.
_WORTHWHILE = 0.5


def nearest_by_cells(
    data: torch.Tensor, k: int, random: np.random.RandomState, *, recall: float = 0.99
) -> tuple[Neighbours, float]:
    """Return about the `k` nearest other rows for each row of `data`.

    Rows are grouped in cells by k-means. All rows of a cell are compared with those of the cells
    that most of them are near to, in one matrix product. How many cells that takes is read off the
    exact neighbours of a sample, and the recall measured on another; if it is too low, or little
    would be saved, the exact search is done instead.

    Parameters
    ----------
    data : Tensor of shape (n, n_features)
        Rows to search among.
    k : int
        Neighbours a row, below `n`.
    random : RandomState
        What the cells and samples are drawn from.
    recall : float
        Least share of true neighbours to be found.

    Returns
    -------
    neighbours : Neighbours
        Indices and exact distances, nearest first.
    recall : float
        Share of true neighbours among them, measured on the second sample; one if exact.

    References
    ----------
    Jégou, Douze, Schmid, Product quantization for nearest neighbor search, 2011, section IV
    (the inverted file), with cells in place of queries choosing what is searched.
    """
    n, device = len(data), data.device
    everyone = torch.arange(n, device=device)
    labels, order = _make_cells(data.float(), min(n, 4 * int(np.sqrt(n))), random)
    sizes = labels.bincount(minlength=len(order))
    chosen = torch.as_tensor(random.choice(n, min(n, 2 * _N_TRIAL), replace=False), device=device)
    truth = nearest(data[chosen], data, k, own=chosen)
    half = len(chosen) // 2
    rank = order.argsort(dim=1)[labels[chosen[:half], None], labels[truth.indices[:half]]]
    aim = 1 - 0.6 * (1 - recall)  # a margin, as the sample is small
    n_searched = int(torch.quantile(rank.flatten().double(), aim)) + 1
    reach = sizes[order].cumsum(dim=1)
    if float((sizes * reach[:, n_searched - 1]).sum()) > _WORTHWHILE * n**2:
        return nearest(data, data, k, own=everyone), 1.0
    # A cell needs k rows beside each of its own, even where that takes more cells.
    needed = torch.searchsorted(reach, torch.full_like(reach[:, :1], k + 1)).squeeze(1) + 1
    searched = needed.clamp(min=n_searched, max=len(order)).tolist()
    near = [cells[:m] for cells, m in zip(order.tolist(), searched, strict=True)]
    found = _search_cells(data, k, labels, near)
    close = found.distances[chosen[half:]] <= truth.distances[half:, -1:] * (1 + 1e-6)
    measured = float(close.double().mean())
    if measured < recall:
        return nearest(data, data, k, own=everyone), 1.0
    return found, measured


def _make_cells(
    data: torch.Tensor, n_cells: int, random: np.random.RandomState
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the cell of each row, and for each cell all cells, itself and the nearest first."""
    n, device = len(data), data.device
    pool = random.choice(n, min(n, _SAMPLES_PER_CELL * n_cells), replace=False)
    centers = k_means(
        data[torch.as_tensor(pool, device=device)],
        n_cells,
        n_init=1,
        random_state=random,
        device=device,
        max_iter=_K_MEANS_ITERATIONS,
    ).centers
    centre = data.mean(0)
    centers, lengths = centers - centre, ((centers - centre) ** 2).sum(1)
    n_votes = min(_N_VOTES, n_cells)
    weights = torch.arange(n_votes, 0, -1, device=device)  # whole, so that no order of sums matters
    labels = torch.empty(n, dtype=torch.int64, device=device)
    votes = torch.zeros(n_cells * n_cells, dtype=torch.int64, device=device)
    step = _device.rows_per_block(device, 8 * n_cells)
    for start in range(0, n, step):
        block = data[start : start + step] - centre
        scores = torch.addmm(lengths, block, centers.T, alpha=-2)
        near = scores.topk(n_votes, dim=1, largest=False).indices
        labels[start : start + step] = near[:, 0]
        pairs = (near[:, :1] * n_cells + near).flatten()
        votes.index_add_(0, pairs, weights.repeat(len(near)))
    votes = votes.view(n_cells, n_cells).fill_diagonal_(torch.iinfo(torch.int64).max)
    # Those without votes follow by distance.
    by_distance = torch.cdist(centers, centers).argsort(dim=1)
    ranked = votes.gather(1, by_distance).argsort(dim=1, descending=True, stable=True)
    return labels, by_distance.gather(1, ranked)


def _search_cells(
    data: torch.Tensor, k: int, labels: torch.Tensor, near: list[list[int]]
) -> Neighbours:
    """Return the neighbours of rows of cell ``c`` found in the cells ``near[c]``, itself first."""
    _, data, scale = centred(data, data)
    rows_of = labels.argsort(stable=True)
    single = data[rows_of].float()
    lengths = (single * single).sum(1)
    ends = labels.bincount(minlength=len(near)).cumsum(0).tolist()
    ranges = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    indices = torch.empty(len(data), k, dtype=torch.int64, device=data.device)
    distances = torch.empty(len(data), k, dtype=data.dtype, device=data.device)
    for own, others in zip(ranges, near, strict=True):
        parts = [ranges[other] for other in others]
        base = torch.cat([single[part] for part in parts])
        base_lengths = torch.cat([lengths[part] for part in parts])
        base_rows = torch.cat([rows_of[part] for part in parts])
        step = _device.rows_per_block(data.device, 8 * len(base))
        for start in range(own.start, own.stop, step):
            block = slice(start, min(start + step, own.stop))
            scores = torch.addmm(base_lengths, single[block], base.T, alpha=-2)
            scores.diagonal(start - own.start).fill_(torch.inf)  # the rows themselves
            candidates = base_rows[scores.topk(k, dim=1, largest=False).indices]
            rows = rows_of[block]
            indices[rows], distances[rows] = refine(data[rows], data, candidates, k)
    return Neighbours(indices, distances * scale)
