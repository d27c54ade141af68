"""Means of columns in groups of samples against those of all other samples."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats

from nbinterp._typing import AnyArray, BoolArray, FloatArray, FloatingArray, IntArray

_BLOCK = 4096  # rows at a time: a table of floats is not copied whole to float64
_ROUNDING = 1e-12  # of the squares of all samples: what is left of a side with one value


class Contrast(NamedTuple):
    """The figures of each group and column; see `ClusterProfile`."""

    n_known: IntArray
    mean: FloatArray
    rest_mean: FloatArray
    sd: FloatArray
    difference: FloatArray
    lower: FloatArray
    upper: FloatArray


class _Sums(NamedTuple):
    """Of each column: the number of known entries, their sum and the sum of their squares."""

    known: IntArray
    total: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, table: FloatingArray, known: BoolArray, centre: FloatArray) -> "_Sums":
        total, squares = np.zeros(len(centre)), np.zeros(len(centre))
        for start in range(0, len(table), _BLOCK):
            block = slice(start, start + _BLOCK)
            left = np.where(known[block], table[block] - centre, 0.0)
            total += left.sum(0)
            squares += np.einsum("ij,ij->j", left, left)
        return cls(known.sum(0), total, squares)


def contrast(table: FloatingArray, groups: Sequence[IntArray]) -> Contrast:
    """Return the means of the columns in each group and in its rest, and their difference.

    Examples
    --------
    >>> found = contrast(np.array([[0.0], [0.0], [2.0], [2.0]]), [np.array([2, 3])])
    >>> found.mean, found.rest_mean, found.sd, found.difference
    (array([[2.]]), array([[0.]]), array([1.]), array([[2.]]))
    """
    known = np.isfinite(table)
    with np.errstate(invalid="ignore", divide="ignore"):
        lowest = np.where(known, table, np.inf).min(0).astype(np.float64)
        varies = np.where(known, table, -np.inf).max(0) > lowest
        mean = np.where(known, table, 0.0).sum(0, dtype=np.float64) / known.sum(0)
        # About the mean of all, so that squares lose no digits; a constant column is exact.
        centre = np.where(varies, mean, lowest)
        every = _Sums.of(table, known, centre)
        sd = np.sqrt(every.squares / every.known)
        scale = np.where(sd > 0, sd, 1.0)
        found = []
        for rows in groups:
            inside = _Sums.of(table[rows], known[rows], centre)
            outside = _Sums(
                every.known - inside.known,
                every.total - inside.total,
                every.squares - inside.squares,
            )
            found.append(_against(inside, outside, centre, scale))
    n_known, mean, rest_mean, difference, half = (np.stack(x) for x in zip(*found, strict=True))
    return Contrast(n_known, mean, rest_mean, sd, difference, difference - half, difference + half)


def _against(
    inside: _Sums, outside: _Sums, centre: FloatArray, scale: FloatArray
) -> tuple[AnyArray, ...]:
    """Return the figures of one group beside its rest; `centre` is what the sums are about."""
    means, errors, terms = [], [], []
    for side in (inside, outside):
        mean = side.total / side.known
        squares = np.maximum(side.squares - side.known * mean**2, 0.0)
        squares[squares <= _ROUNDING * (inside.squares + outside.squares)] = 0.0
        error = np.where(side.known > 1, squares / (side.known - 1) / side.known, np.nan)
        means.append(mean)
        errors.append(error)
        terms.append(error**2 / (side.known - 1))
    both = errors[0] + errors[1]
    degrees = np.where(both > 0, both**2 / (terms[0] + terms[1]), np.inf)
    half = stats.t.ppf(0.975, degrees) * np.sqrt(both) / scale
    difference = (means[0] - means[1]) / scale
    return inside.known, centre + means[0], centre + means[1], difference, half
