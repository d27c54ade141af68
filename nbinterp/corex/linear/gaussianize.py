"""Turn columns into standard scores by one of four methods, of the fit's data and of new data."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy.special import ndtr, ndtri

from nbinterp import _checks
from nbinterp._numerics.parallel import interruptible
from nbinterp._state import HasState, fields
from nbinterp._typing import FloatArray, FloatingArray

METHODS = ("standard", "outliers", "empirical", "none")
_SQUASHED = ("outliers", "empirical")  # whose scores have a mean and variance of their own
_TRUST = 5.0  # standard errors by which "none" lets means and variances differ from 0 and 1
_EDGE = 4.0  # standard deviations up to which "outliers" leaves a value as it is


@dataclass(frozen=True)
class Columns(HasState):
    """How the columns of one data set become scores of mean 0 and variance 1.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    mean, scale : arrays of shape (p,)
        Of the observed entries; a constant column has scale 0 and scores 0.
    score_mean, score_scale : arrays of shape (p,)
        Of the scores after squashing or ranking. The authors' program leaves these out and then
        assumes unit variances that it does not have.
    ranked : array of shape (n, p) or None
        The sorted observed values, NaN last, for "empirical".
    """

    method: str
    mean: FloatArray
    scale: FloatArray
    score_mean: FloatArray
    score_scale: FloatArray
    ranked: FloatingArray | None = None

    _STATE = fields("method mean scale score_mean score_scale ranked")

    def apply(self, data: FloatingArray) -> FloatArray:
        """Return the scores of `data` ``(n, p)``; NaN stay NaN."""
        scores = self._raw(data)
        if self.method in _SQUASHED:
            scores -= self.score_mean
            scores /= np.where(self.score_scale > 0, self.score_scale, 1.0)
        scores[:, self.score_scale == 0] *= 0.0
        return scores

    def invert(self, scores: FloatArray) -> FloatArray:
        """Return the values of which `scores` are the scores."""
        raw = scores * self.score_scale + self.score_mean
        if self.ranked is not None:
            return _quantiles(self.ranked, ndtr(raw))
        if self.method == "outliers":
            core = np.clip(raw, -_EDGE, _EDGE)
            raw = core + np.arctanh(np.clip(raw - core, -1 + 1e-10, 1 - 1e-10))
        result: FloatArray = raw * self.scale + self.mean
        return result

    def _raw(self, data: FloatingArray) -> FloatArray:
        if self.ranked is not None:
            return _normal_ranks(self.ranked, data)
        raw: FloatArray = np.subtract(data, self.mean, dtype=np.float64)
        raw /= np.where(self.scale > 0, self.scale, 1.0)
        if self.method == "outliers":
            core = np.clip(raw, -_EDGE, _EDGE)
            raw = core + np.tanh(raw - core)
        return raw


def learn_columns(data: FloatingArray, method: str) -> Columns:
    """Return how the columns of `data` become scores by `method`.

    ``"standard"`` subtracts the mean and divides by the standard deviation; ``"outliers"`` also
    squashes what is beyond four standard deviations to at most five; ``"empirical"`` maps ranks to
    normal quantiles; ``"none"`` takes data that have mean 0 and variance 1 up to chance, and
    refuses others.
    """
    p = _checks.squarable(data).shape[1]
    zero, one = np.zeros(p), np.ones(p)
    if method == "none":
        # The rest of the difference goes too: a variance above 1 can mean a correlation above 1.
        mean, scale = _trusted(data)
        return Columns(method, mean, scale, zero, np.sign(scale))
    mean, scale = _mean_and_scale(data)
    ranked = interruptible(partial(np.sort, data, axis=0)) if method == "empirical" else None
    plain = Columns(method, mean, scale, zero, one, ranked)
    if method == "standard":
        return standardizing(mean, scale)
    score_mean, score_scale = _mean_and_scale(plain.apply(data))
    return Columns(method, mean, scale, score_mean, np.where(scale > 0, score_scale, 0.0), ranked)


def standardizing(mean: FloatArray, scale: FloatArray) -> Columns:
    """Return the columns with this mean and standard deviation, which is 0 of a constant."""
    return Columns("standard", mean, scale, np.zeros(len(scale)), np.sign(scale))


def _trusted(data: FloatingArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of columns that have 0 and 1 up to chance, or raise."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean, scale = _mean_and_scale(data)
        squares, spread = _mean_and_scale((data - mean) ** 2)
        count = np.maximum((~np.isnan(data)).sum(0), 1)
        chance = _TRUST / np.sqrt(count)
        near = (np.abs(mean) <= chance * np.maximum(scale, 1.0)) & np.isfinite(spread)
        near &= np.abs(squares - 1.0) <= chance * np.maximum(spread, np.sqrt(2.0))
    wrong = np.flatnonzero(~near & (scale != 0))
    if wrong.size:
        column = wrong[0]
        _checks.fail(
            "(gaussianize='none')",
            "must be given columns of mean 0 and variance 1, but column "
            f"{column} has mean {mean[column]:.3g} and variance {squares[column]:.3g}",
            "Use gaussianize='standard', or standardize what is fitted.",
        )
    return mean, scale


def _mean_and_scale(data: FloatingArray) -> tuple[FloatArray, FloatArray]:
    """Return mean and standard deviation of the observed entries; scale 0 for a constant."""
    observed = ~np.isnan(data)
    count = np.maximum(observed.sum(0), 1)
    # Constancy is read off the values: the standard deviation of a constant rounds to above zero.
    low = np.where(observed, data, np.inf).min(0)
    high = np.where(observed, data, -np.inf).max(0)
    mean = np.where(observed, data, 0.0).sum(0, dtype=np.float64) / count
    spread = np.where(observed, data - mean, 0.0)
    scale = np.sqrt((spread * spread).sum(0) / count)
    return mean, np.where(high > low, scale, 0.0)


def _normal_ranks(ranked: FloatingArray, data: FloatingArray) -> FloatArray:
    """Return the normal quantiles of the mid-ranks that `data` have among `ranked`."""
    out = np.full(data.shape, np.nan)
    for i, column in enumerate(ranked.T):
        known = column[~np.isnan(column)]
        seen = ~np.isnan(data[:, i])
        if not len(known):
            continue
        below = np.searchsorted(known, data[seen, i], side="left")
        up_to = np.searchsorted(known, data[seen, i], side="right")
        middle = (below + up_to) / (2.0 * len(known))
        edge = 0.5 / len(known)
        out[seen, i] = ndtri(np.clip(middle, edge, 1.0 - edge))
    return out


def _quantiles(ranked: FloatingArray, probability: FloatArray) -> FloatArray:
    """Return the values of `ranked` at `probability`, between neighbours linearly."""
    out = np.full(probability.shape, np.nan)
    for i, column in enumerate(ranked.T):
        known = column[~np.isnan(column)]
        if len(known):
            middle = (np.arange(len(known)) + 0.5) / len(known)
            out[:, i] = np.interp(probability[:, i], middle, known)
    return out
