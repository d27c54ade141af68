"""How weights align with principal components of the data, compared with random directions."""

from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

from nbinterp._numerics.parallel import interruptible
from nbinterp._typing import FloatArray, IntArray

# Components with less than this share of the largest variance are rounding or constant features.
_EMPTY = 1e-12


class Alignment(NamedTuple):
    """How each of n directions lies among principal components.

    component : the component nearest in angle; cosine : of that angle, 0 to 1; effective : the
    number of components over which the direction's variance spreads.
    """

    component: IntArray
    cosine: FloatArray
    effective: FloatArray


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components, largest variance first.

    Attributes
    ----------
    variances : ndarray of shape (n_features,)
        Variances along the components, of the covariance that defines the distances.
    vectors : ndarray of shape (n_features, n_features)
        The components, as columns.
    n_varying : int
        How many of the components vary.
    """

    variances: FloatArray
    vectors: FloatArray
    n_varying: int

    @classmethod
    def of(cls, sample: FloatArray, share: float, ridge: float) -> "Components":
        """Return the components of a `sample` covariance, shrunk by `share` and `ridge`.

        Shrinking changes the variances and leaves the components as they are.
        """
        values, vectors = interruptible(partial(np.linalg.eigh, sample))
        values, vectors = np.maximum(values[::-1], 0.0), np.ascontiguousarray(vectors[:, ::-1])
        level = np.trace(sample) / len(sample)
        n_varying = int((values > _EMPTY * values[0]).sum())
        return cls((1.0 - share) * values + (share + ridge) * level, vectors, n_varying)

    def align(self, weight: FloatArray) -> Alignment:
        """Return the alignment of directions (n, n_features) of any length."""
        return self._aligned(weight @ self.vectors)

    def align_random(self, n: int, seed: np.random.RandomState) -> Alignment:
        """Return the alignment of `n` random directions.

        They too have most of their variance along the first components. Only a stronger alignment
        shows that weights have found a component.
        """
        return self._aligned(seed.standard_normal((n, len(self.variances))))

    def matched(self, weight: FloatArray) -> float:
        """Return the mean cosine of nodes and components in the best one-to-one matching."""
        return self._paired(weight @ self.vectors)

    def matched_random(self, n: int, seed: np.random.RandomState) -> float:
        """Return the same for `n` random directions."""
        return self._paired(seed.standard_normal((n, len(self.variances))))

    def _aligned(self, coordinates: FloatArray) -> Alignment:
        """Return the alignment of directions with these coordinates along the components.

        Component j holds the share ``p_j = λ_j (v_jᵀw)² / wᵀΣw`` of the variance, which so spreads
        over ``1 / Σ p_j²`` components.
        """
        squares = coordinates**2
        length = squares.sum(1)
        parts = squares * self.variances
        whole = parts.sum(1)
        np.square(parts, out=parts)
        effective = whole**2 / np.maximum(parts.sum(1), np.finfo(float).tiny)
        if self.n_varying == 0:
            nothing = np.zeros(len(coordinates))
            return Alignment(nothing.astype(np.int64), nothing, nothing)
        squares = squares[:, : self.n_varying]
        component = squares.argmax(1)
        best = squares[np.arange(len(squares)), component]
        return Alignment(component, np.sqrt(best / np.where(length > 0.0, length, 1.0)), effective)

    def _paired(self, coordinates: FloatArray) -> float:
        length = np.linalg.norm(coordinates, axis=1)
        live = length > 0.0
        cosines = abs(coordinates[live, : self.n_varying]) / length[live, None]
        if cosines.size == 0:
            return 0.0
        # Seconds for thousands of nodes.
        pairs = interruptible(partial(linear_sum_assignment, cosines, maximize=True))
        return float(cosines[pairs].mean())


def percentile(values: FloatArray, null: FloatArray) -> FloatArray:
    """Return the percentage of `null` that is below each of `values`.

    Examples
    --------
    >>> percentile(np.array([0.5, 2.0]), np.array([0.0, 1.0]))
    array([ 50., 100.])
    """
    below = np.searchsorted(np.sort(null), values, side="left")
    return np.asarray(100.0 * below / len(null))
