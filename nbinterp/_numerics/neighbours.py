"""Exact nearest neighbours, block by block on the device."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import isqrt

import torch

from nbinterp import _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp._numerics.tree import suits_a_tree, tree_candidates

# Takes queries; returns their squared distances from a base ``(n_queries, n_base)`` minus one
# offset per query, these offsets, and a bound on the error of each query's scores.
Scores = Callable[[torch.Tensor], tuple[torch.Tensor, torch.Tensor, torch.Tensor]]

# Extra candidates, so that rounding cannot push out a true neighbour.
_SLACK = 8
# Scores of this size stay in the cache that the workers share. Fewer queries than _FEWEST_QUERIES
# make products slow. A multiple of ALIGNED columns halves the time of a product.
_CACHED_BYTES = 2**24
_FEWEST_QUERIES = 32
ALIGNED = 8
_WORTH_FOLDING = 4  # groups of at least this many columns save time


@dataclass(frozen=True)
class Neighbours:
    """The nearest rows of a base for each query, nearest first.

    Parameters
    ----------
    indices : Tensor of shape (n_queries, k), int64
        Rows of the base.
    distances : Tensor of shape (n_queries, k)
        Euclidean distances, in the dtype of the data.
    """

    indices: torch.Tensor
    distances: torch.Tensor


def nearest(
    queries: torch.Tensor, base: torch.Tensor, k: int, *, own: torch.Tensor | None = None
) -> Neighbours:
    """Return the `k` nearest rows of `base` for each row of `queries`.

    float32 products find candidates. Their distances are then computed from differences, which
    avoids cancellation. If rounding of the products may have missed a neighbour of a row, the row
    is searched again with float64 products and, if still in doubt, with differences. On the CPU, a
    k-d tree finds the candidates among many points of few dimensions.

    Parameters
    ----------
    queries : Tensor of shape (n_queries, n_features)
        Points to find neighbours for.
    base : Tensor of shape (n_base, n_features)
        Points to search, with the dtype and device of `queries`.
    k : int
        Neighbours per query, at most `n_base` (minus one with `own`).
    own : Tensor of shape (n_queries,), int64, or None
        The row of `base` that is the query itself. A query is not its own neighbour; its duplicates
        are.

    Returns
    -------
    Neighbours
        Indices and distances, nearest first.

    Examples
    --------
    >>> points = torch.tensor([[0.0], [1.0], [3.0]])
    >>> nearest(points, points, 1, own=torch.arange(3)).indices.ravel()
    tensor([1, 0, 1])
    """
    moved_queries, moved_base, scale = centred(queries, base)
    n_others = len(base) - (own is not None)
    n_candidates = min(k + _SLACK, n_others)
    if suits_a_tree(base):
        candidates = tree_candidates(moved_queries, moved_base, n_candidates, own=own)
        found, apart = refine(moved_queries, moved_base, candidates, k)
        return Neighbours(found, apart * scale)
    indices = torch.empty(len(queries), k, dtype=torch.int64, device=base.device)
    distances = torch.empty(len(queries), k, dtype=base.dtype, device=base.device)

    def search(scores_of: Scores, rows: torch.Tensor) -> torch.Tensor:
        """Search the neighbours of some rows; return the rows that remain in doubt."""
        block = moved_queries[rows]
        scores, offset, doubt = scores_of(block)
        if own is not None:
            scores.scatter_(1, own[rows, None], torch.inf)
        values, columns = smallest(scores, n_candidates)
        found, apart = refine(block, moved_base, columns, k)
        indices[rows], distances[rows] = found, apart
        if n_candidates == n_others:
            return rows[:0]
        nearest_left_out = values[:, -1] + offset - doubt
        return rows[(apart[:, -1] > 0) & (apart[:, -1] ** 2 > nearest_left_out)]

    step = _queries_at_a_time(base)
    pending = torch.arange(len(queries), device=base.device)
    for make in (_by_float32, _by_float64, _by_differences):
        if len(pending):
            scores_of = make(moved_base)
            tasks = [partial(search, scores_of, rows) for rows in torch.split(pending, step)]
            pending = torch.cat(parallel_map(tasks, base.device))
    return Neighbours(indices, distances * scale)


def _queries_at_a_time(base: torch.Tensor) -> int:
    """Return the number of queries per block: few on the CPU, so that scores stay in its cache."""
    step = _device.rows_per_block(base.device, 8 * len(base))
    if base.device.type == "cpu":
        step = min(step, max(_FEWEST_QUERIES, _CACHED_BYTES // (4 * len(base))))
    return max(1, step // ALIGNED) * ALIGNED


def smallest(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `k` smallest entries of each row ``(n, m)`` in order, and their columns.

    A row is first folded into groups of columns. Only the `k` groups with the smallest minima can
    hold one of the `k` smallest entries, and a search in few columns takes a fraction of the time.
    """
    rows, m = scores.shape
    n_folds = isqrt(m // max(k, 1))
    if n_folds < _WORTH_FOLDING:
        values, columns = scores.topk(k, dim=1, largest=False)
        return values, columns
    width = m // n_folds
    if scores.stride(0) == 1:  # a transposed product: go along its rows
        folded = scores.T[: n_folds * width].view(n_folds, width, rows).amin(0).T
    else:
        folded = scores[:, : n_folds * width].view(rows, n_folds, width).amin(1)
    groups = folded.topk(k, dim=1, largest=False, sorted=False).indices
    places = torch.arange(0, n_folds * width, width, device=scores.device)
    rest = torch.arange(n_folds * width, m, device=scores.device)
    columns = (groups[:, None] + places[:, None]).flatten(1)
    columns = torch.cat([columns, rest.expand(rows, -1)], dim=1)
    values, chosen = scores.gather(1, columns).topk(k, dim=1, largest=False)
    return values, columns.gather(1, chosen)


def centred(
    queries: torch.Tensor, base: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Centre queries and base at the mean of `base`, divide by a scale, and return all three."""
    centre = base.mean(0)
    moved = base - centre
    longest = moved.norm(dim=1).max()
    # The scale keeps squares within the range of float32; as a power of two it changes no digit.
    scale = torch.where(longest > 0, longest, 1).log2().floor().exp2()
    return (queries - centre) / scale, moved / scale, scale


def refine(
    queries: torch.Tensor, base: torch.Tensor, candidates: torch.Tensor, k: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `k` nearest of each query's `candidates`, and exact distances."""
    candidates = candidates.sort(dim=1).values  # break ties by index
    distances = torch.empty(candidates.shape, dtype=base.dtype, device=base.device)
    bytes_per_row = 2 * candidates.shape[1] * base.shape[1] * base.element_size()
    step = _device.rows_per_block(base.device, bytes_per_row)
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        near = base.index_select(0, candidates[rows].flatten())  # five times as fast as base[...]
        differences = near.view(-1, candidates.shape[1], base.shape[1]).sub_(queries[rows, None])
        distances[rows] = torch.linalg.vector_norm(differences, dim=2)
    distances, order = distances.sort(dim=1, stable=True)
    return candidates.gather(1, order)[:, :k], distances[:, :k]


def _by_float32(base: torch.Tensor) -> Scores:
    return _by_products(base.float())


def _by_float64(base: torch.Tensor) -> Scores:
    return _by_products(base.double())


def _by_products(base: torch.Tensor) -> Scores:
    lengths = (base * base).sum(1, keepdim=True)
    longest = lengths.max().sqrt()
    # The error of a product of p terms is at most about p eps |q||b|, likewise for the lengths.
    unit = 2 * torch.finfo(base.dtype).eps * (base.shape[1] + 4)
    bordered = border_base(base, lengths)

    def scores_of(queries: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        queries = queries.to(base.dtype)
        own_lengths = (queries * queries).sum(1)
        doubt = unit * (own_lengths.sqrt() + longest) ** 2
        return (bordered @ border_queries(queries).T).T, own_lengths, doubt

    return scores_of


def _by_differences(base: torch.Tensor) -> Scores:
    """Return a scoring function without cancellation; it is far slower."""

    def scores_of(queries: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        apart = torch.cdist(queries, base, compute_mode="donot_use_mm_for_euclid_dist")
        exact = torch.zeros_like(apart[:, 0])
        return apart.square_(), exact, exact

    return scores_of


def border_base(base: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
    """Return rows whose product with bordered queries is ``|b|^2 - 2 b'q``.

    This is the squared distance without the query's ``|q|^2``. On processors, ``base @ queries.T``
    takes half the time of its transpose if the number of queries is a multiple of `ALIGNED`.
    """
    return torch.cat([base, lengths], dim=1)


def border_queries(queries: torch.Tensor) -> torch.Tensor:
    """Return queries with the border that `border_base` expects."""
    return torch.cat([-2 * queries, torch.ones_like(queries[:, :1])], dim=1)
