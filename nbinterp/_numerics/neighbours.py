"""Exact nearest neighbours, block by block on the device."""

from dataclasses import dataclass
from math import isqrt

import torch

from nbinterp import _device

# Candidates kept beyond those asked for, so that rounding cannot push a true neighbour out.
_SLACK = 8
_WORTH_FOLDING = 4  # groups of so many columns or more save time


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

    Candidates are found from float32 products, and their distances computed from differences,
    which do not cancel. Rows whose candidates may be incomplete within the rounding of products
    are searched again by float64 products and, if still in doubt, by differences.

    Parameters
    ----------
    queries : Tensor of shape (n_queries, n_features)
        Points to find neighbours for.
    base : Tensor of shape (n_base, n_features)
        Points to search, of the dtype and device of `queries`.
    k : int
        Neighbours a query, at most `n_base` (less one with `own`).
    own : Tensor of shape (n_queries,), int64, or None
        The row of `base` that each query itself is. It is not its own neighbour; duplicates are.

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
    n_candidates = min(k + _SLACK, len(base) - (own is not None))
    single = moved_base.float()
    indices = torch.empty(len(queries), k, dtype=torch.int64, device=base.device)
    distances = torch.empty(len(queries), k, dtype=base.dtype, device=base.device)
    step = _device.rows_per_block(base.device, 8 * len(base))
    for start in range(0, len(queries), step):
        pending = torch.arange(start, min(start + step, len(queries)), device=base.device)
        for scores_of in (_by_float32, _by_float64, _by_differences):
            block = moved_queries[pending]
            scores, doubt = scores_of(block, single if scores_of is _by_float32 else moved_base)
            if own is not None:
                scores.scatter_(1, own[pending, None], torch.inf)
            values, columns = smallest(scores, n_candidates)
            found, apart = refine(block, moved_base, columns, k)
            indices[pending], distances[pending] = found, apart
            if n_candidates == len(base) - (own is not None):
                break
            nearest_left_out = values[:, -1] - doubt
            unsure = (apart[:, -1] > 0) & (apart[:, -1] ** 2 > nearest_left_out)
            pending = pending[unsure]
            if not len(pending):
                break
    return Neighbours(indices, distances * scale)


def smallest(scores: torch.Tensor, k: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `k` smallest of each row ``(n, m)`` in order, and their columns.

    A row is folded into groups of columns first. None but the `k` groups of smallest least can
    hold one of the `k` smallest, and few columns take a fraction of the time.
    """
    rows, m = scores.shape
    n_folds = isqrt(m // max(k, 1))
    if n_folds < _WORTH_FOLDING:
        values, columns = scores.topk(k, dim=1, largest=False)
        return values, columns
    width = m // n_folds
    if scores.stride(0) == 1:  # the transpose of a product, along whose rows to go
        folded = scores.T[: n_folds * width].unflatten(0, (n_folds, width)).amin(0).T
    else:
        folded = scores[:, : n_folds * width].unflatten(1, (n_folds, width)).amin(1)
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
    """Return both about the mean of `base`, in units of a scale, which is the third."""
    centre = base.mean(0)
    moved = base - centre
    longest = moved.norm(dim=1).max()
    # A power of two, which changes no digit, keeps squares within the range of float32.
    scale = torch.where(longest > 0, longest, 1).log2().floor().exp2()
    return (queries - centre) / scale, moved / scale, scale


def refine(
    queries: torch.Tensor, base: torch.Tensor, candidates: torch.Tensor, k: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the `k` nearest of each query's `candidates`, and their distances by differences."""
    candidates = candidates.sort(dim=1).values  # so that ties are broken by index
    distances = torch.empty(candidates.shape, dtype=base.dtype, device=base.device)
    bytes_per_row = 2 * candidates.shape[1] * base.shape[1] * base.element_size()
    step = _device.rows_per_block(base.device, bytes_per_row)
    for start in range(0, len(queries), step):
        rows = slice(start, start + step)
        differences = base[candidates[rows]] - queries[rows, None]
        distances[rows] = torch.linalg.vector_norm(differences, dim=2)
    distances, order = distances.sort(dim=1, stable=True)
    return candidates.gather(1, order)[:, :k], distances[:, :k]


def _by_float32(queries: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return squared distances ``(n_queries, n_base)`` and how far they may be off a query."""
    return _by_products(queries.float(), base.float())


def _by_float64(queries: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `_by_float32`, at half its speed."""
    return _by_products(queries.double(), base.double())


def _by_products(queries: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    lengths, own_lengths = (base * base).sum(1), (queries * queries).sum(1)
    squared = torch.addmm(lengths, queries, base.T, alpha=-2).add_(own_lengths[:, None])
    # A product of p terms is off by at most about p eps |q||b|, and the lengths likewise.
    unit = 2 * torch.finfo(base.dtype).eps * (base.shape[1] + 3)
    return squared, unit * (own_lengths.sqrt() + lengths.max().sqrt()) ** 2


def _by_differences(queries: torch.Tensor, base: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """As `_by_float32`, without cancellation and far slower."""
    apart = torch.cdist(queries, base, compute_mode="donot_use_mm_for_euclid_dist")
    return apart.square_(), torch.zeros_like(apart[:, 0])
