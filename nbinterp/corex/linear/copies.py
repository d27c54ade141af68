"""Columns that are copies of others, up to the noise that a fit assumes."""

import numpy as np
import torch
from scipy.spatial import cKDTree
from torch import Tensor

from nbinterp._numerics.progress import current_token
from nbinterp._typing import FloatArray, IntArray

_COLUMNS_AT_ONCE = 256
_QUERIES_AT_ONCE = 4096  # a cancelled job ends after these
_COORDINATES = 16  # in which columns are looked up
_ROUNDING = 1e-7  # of distances between columns of length one
_LEAST_NOISE = 1e-6  # below, rounding decides


def least_correlation(noise_floor: float) -> float:
    """Return the correlation above which two columns differ by less than the noise."""
    return 1.0 - max(noise_floor, _LEAST_NOISE) ** 2


def copies_in_matrix(correlations: Tensor, least: float) -> int:
    """Return how many variables of a correlation matrix (p, p) correlate with another beyond it."""
    most_alike = correlations.new_zeros(len(correlations))
    for begin in range(0, len(most_alike), _COLUMNS_AT_ONCE):
        rows = slice(begin, begin + _COLUMNS_AT_ONCE)
        alike = correlations[rows].abs()
        alike.diagonal(begin).zero_()
        most_alike[rows] = alike.amax(1)
    return int((most_alike > least).sum())


def copies_in_scores(scores: Tensor, least: float) -> int:
    """Return the same of the columns of scores (n, p), without their p × p correlations.

    Columns of length one that correlate by c lie ``sqrt(2 - 2 c)`` apart, or one lies so far from
    the other's opposite. In a few orthogonal coordinates no two are farther apart than that, so a
    tree of those finds nearly all pairs to look at. The correlation of each pair is then computed;
    where the nearest column is no copy after all, so are those with all other columns.

    Examples
    --------
    >>> scores = torch.tensor([[1.0, 0.0, -2.0], [1.0, 1.0, -2.0]])
    >>> copies_in_scores(scores, 0.99)
    2
    """
    unit = scores / scores.norm(dim=0).clamp(min=torch.finfo(scores.dtype).tiny)
    candidates = _candidates(_coordinates(unit), float(np.sqrt(2.0 - 2.0 * least)) + _ROUNDING)
    column, place = np.nonzero(candidates >= 0)
    other = candidates[column, place]
    is_candidate, is_copy = (torch.zeros(unit.shape[1], dtype=torch.bool) for _ in range(2))
    is_candidate[column] = True
    for begin in range(0, len(column), _QUERIES_AT_ONCE):
        part = slice(begin, begin + _QUERIES_AT_ONCE)
        alike = (unit[:, column[part]] * unit[:, other[part]]).sum(0).abs().cpu()
        is_copy[column[part][(alike > least).numpy()]] = True
    return int(is_copy.sum()) + _copies_among(unit, is_candidate & ~is_copy, least)


def _coordinates(unit: Tensor) -> FloatArray:
    """Return columns (n, p) in a few orthogonal directions along which they vary most, (p, k)."""
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(len(unit), min(len(unit), _COORDINATES), generator=generator)
    axes = torch.linalg.qr(unit @ (unit.mT @ start.to(unit)))[0]
    places: FloatArray = (unit.mT @ axes).to("cpu", torch.float64).numpy()
    return places


def _candidates(places: FloatArray, reach: float) -> IntArray:
    """Return for each row of `places` up to three others that may be its copies, or -1, (p, 3).

    They are one in the same place, the nearest one, and the one nearest to its opposite.
    """
    p = len(places)
    # Of many equal columns only one enters the tree, which cannot tell them apart.
    weights = np.random.default_rng(0).integers(2**62, size=places.shape[1]) | 1
    key = (places / _ROUNDING).round().astype(np.int64) @ weights
    _, first, cell = np.unique(key, return_index=True, return_inverse=True)
    others = np.setdiff1d(np.arange(p), first)
    found = np.full((p, 3), -1, dtype=np.int64)
    found[others, 0] = first[cell[others]]
    found[first[cell[others]], 0] = others

    tree, token = cKDTree(places[first]), current_token()
    numbers = np.append(first, -1)  # the tree's answer for none is its size
    for begin in range(0, len(first), _QUERIES_AT_ONCE):
        token.raise_if_cancelled()
        own = first[begin : begin + _QUERIES_AT_ONCE]
        near = numbers[tree.query(places[own], k=2, distance_upper_bound=reach)[1]]
        found[own, 1] = np.where(near[:, 0] == own, near[:, 1], near[:, 0])
        found[own, 2] = numbers[tree.query(-places[own], distance_upper_bound=reach)[1]]
    return found


def _copies_among(unit: Tensor, doubtful: Tensor, least: float) -> int:
    """Return how many of the columns where `doubtful` are copies of any other."""
    token, total = current_token(), 0
    for some in torch.split(torch.nonzero(doubtful)[:, 0].to(unit.device), _COLUMNS_AT_ONCE):
        token.raise_if_cancelled()
        alike = (unit[:, some].mT @ unit).abs_()
        alike[torch.arange(len(some), device=some.device), some] = 0.0
        total += int((alike.amax(1) > least).sum())
    return total
