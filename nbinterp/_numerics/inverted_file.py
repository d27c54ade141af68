"""Nearest neighbours of very many samples, looked for in near cells only."""

import numpy as np
import torch

from nbinterp import _device
from nbinterp._numerics.kmeans import k_means
from nbinterp._numerics.neighbours import Neighbours, centred, nearest, refine

# Samples whose exact neighbours decide how many cells to search, and as many that test it.
_N_TRIAL = 500
# Seeds and iterations of the k-means that makes the cells, which need not be good.
_SEEDS_PER_CELL = 20
_K_MEANS_ITERATIONS = 4
# Share of pairs of samples beyond which comparing all is no slower.
_WORTHWHILE = 0.5


def nearest_by_cells(
    data: torch.Tensor, k: int, random: np.random.RandomState, *, recall: float = 0.99
) -> tuple[Neighbours, float]:
    """Return about the `k` nearest other rows for each row of `data`.

    Rows are grouped in cells by k-means. All rows of a cell are compared with those of its nearest
    cells, in one matrix product. How many cells that takes is read off the exact neighbours of a
    sample, and the recall measured on another; if it is too low, or little would be saved, the
    exact search is done instead.

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
    cells = k_means(
        data.float(),
        2 * int(np.sqrt(n)),
        n_init=1,
        random_state=random,
        device=device,
        max_iter=_K_MEANS_ITERATIONS,
        n_seeds=_SEEDS_PER_CELL * 2 * int(np.sqrt(n)),
    )
    order = torch.cdist(cells.centers, cells.centers).argsort(dim=1)
    sizes = cells.labels.bincount(minlength=len(order))
    chosen = torch.as_tensor(random.choice(n, min(n, 2 * _N_TRIAL), replace=False), device=device)
    truth = nearest(data[chosen], data, k, own=chosen)
    half = len(chosen) // 2
    rank = order.argsort(dim=1)[cells.labels[chosen[:half], None], cells.labels[truth.indices[:half]]]
    aim = 1 - 0.6 * (1 - recall)  # a margin, as the sample is small
    n_searched = int(torch.quantile(rank.flatten().double(), aim)) + 1
    reach = sizes[order].cumsum(dim=1)
    if float((sizes * reach[:, n_searched - 1]).sum()) > _WORTHWHILE * n**2:
        return nearest(data, data, k, own=everyone), 1.0
    # A cell needs k rows beside each of its own, even where that takes more cells.
    needed = torch.searchsorted(reach, torch.full_like(reach[:, :1], k + 1)).squeeze(1) + 1
    n_cells = needed.clamp(min=n_searched, max=len(order))
    found = _search_cells(data, k, cells.labels, order.cpu().numpy(), n_cells.tolist())
    close = found.distances[chosen[half:]] <= truth.distances[half:, -1:] * (1 + 1e-6)
    measured = float(close.double().mean())
    if measured < recall:
        return nearest(data, data, k, own=everyone), 1.0
    return found, measured


def _search_cells(
    data: torch.Tensor, k: int, labels: torch.Tensor, order: np.ndarray, n_cells: list[int]
) -> Neighbours:
    """Return neighbours found in the `n_cells[c]` first cells of ``order[c]`` for rows of cell c."""
    _, data, scale = centred(data, data)
    rows_of = labels.argsort(stable=True)
    single, lengths = data[rows_of].float(), (data[rows_of].float() ** 2).sum(1)
    ends = labels.bincount(minlength=len(order)).cumsum(0).tolist()
    ranges = [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]
    indices = torch.empty(len(data), k, dtype=torch.int64, device=data.device)
    distances = torch.empty(len(data), k, dtype=data.dtype, device=data.device)
    for cell, own in enumerate(ranges):
        near = [ranges[other] for other in order[cell, : n_cells[cell]]]
        base = torch.cat([single[part] for part in near])
        base_lengths = torch.cat([lengths[part] for part in near])
        base_rows = torch.cat([rows_of[part] for part in near])
        step = _device.rows_per_block(data.device, 8 * len(base))
        for start in range(own.start, own.stop, step):
            rows = rows_of[start : min(start + step, own.stop)]
            queries = single[start : min(start + step, own.stop)]
            scores = torch.addmm(base_lengths, queries, base.T, alpha=-2)
            # A cell is the nearest to itself: its own rows come first.
            place = torch.arange(start - own.start, start - own.start + len(rows), device=data.device)
            scores.scatter_(1, place[:, None], torch.inf)
            candidates = base_rows[scores.topk(k, dim=1, largest=False).indices]
            indices[rows], distances[rows] = refine(data[rows], data, candidates, k)
    return Neighbours(indices, distances * scale)
