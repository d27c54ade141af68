"""Covariances that can be inverted, from moments alone."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.covariance import shrunk_covariance

from nbinterp import _checks
from nbinterp.corex.running import RunningMoments

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class FourthMoments:
    """Moments, with the sums of ``|u|^2 u`` and of ``|u|^4`` of rows u about their mean.

    That is all that Ledoit and Wolf's formula asks for beyond the covariance.
    """

    moments: RunningMoments
    third: Matrix
    fourth: float

    @classmethod
    def of(cls, rows: Matrix) -> "FourthMoments":
        """Return the moments of one batch."""
        mean = rows.mean(0)
        centred = rows - mean
        squares = np.einsum("ij,ij->i", centred, centred)
        moments = RunningMoments(len(rows), mean, centred.T @ centred)
        return cls(moments, squares @ centred, float(squares @ squares))

    def merge(self, other: "FourthMoments") -> "FourthMoments":
        """Return the moments of both sets of rows."""
        moments = self.moments.merge(other.moments)
        own, theirs = self._about(moments.mean), other._about(moments.mean)
        return FourthMoments(moments, own[0] + theirs[0], own[1] + theirs[1])

    def _about(self, mean: Matrix) -> tuple[Matrix, float]:
        """Return the two sums about another mean."""
        n, products = self.moments.n_samples, self.moments.products
        step = self.moments.mean - mean
        length, spread, turned = step @ step, np.trace(products), products @ step
        third = self.third + spread * step + 2.0 * turned + n * length * step
        fourth = self.fourth + 4.0 * (step @ turned) + n * length**2
        return third, float(fourth + 4.0 * (step @ self.third) + 2.0 * length * spread)


def check(caller: str, shrinkage: Any, known: tuple[str, ...] = ("oas", "ledoit_wolf")) -> None:
    """Refuse a shrinkage that is neither the name of a formula nor a share."""
    if isinstance(shrinkage, str):
        _checks.choice(caller, "shrinkage", shrinkage, known)
    else:
        _checks.real(caller, "shrinkage", shrinkage, 0.0, 1.0)


def shrunk(
    covariance: Matrix,
    n_samples: int,
    shrinkage: str | float,
    ridge: float = 0.0,
    fourth: float = 0.0,
) -> tuple[Matrix, float]:
    """Return a covariance drawn towards a multiple of the identity, and by what share.

    Parameters
    ----------
    covariance : ndarray of shape (d, d)
        Of the samples, divided by their number.
    n_samples : int
        How many.
    shrinkage : {"oas", "ledoit_wolf"} or float
        The formula for the share, or the share itself.
    ridge : float
        Added to the diagonal, in units of its mean: an absolute number would be much for one layer
        and nothing for another.
    fourth : float
        The sum of ``|x - mean|^4``, for "ledoit_wolf".

    References
    ----------
    Chen, Wiesel, Eldar and Hero, "Shrinkage algorithms for MMSE covariance estimation", IEEE
    Transactions on Signal Processing 58 (2010), eq. 23; Ledoit and Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", J. Multivariate Analysis 88 (2004). As in
    scikit-learn, to which the tests compare both.

    Examples
    --------
    >>> shrunk(np.diag([1.0, 3.0]), 100, 0.5)
    (array([[1.5, 0. ],
           [0. , 2.5]]), 0.5)
    """
    share = _share(covariance, n_samples, shrinkage, fourth)
    result: Matrix = shrunk_covariance(covariance, share) if share else covariance.copy()
    result.flat[:: len(result) + 1] += ridge * np.trace(covariance) / len(covariance)
    return result, share


def _share(covariance: Matrix, n: int, shrinkage: str | float, fourth: float) -> float:
    if not isinstance(shrinkage, str):
        return float(shrinkage)
    d = len(covariance)
    level = np.trace(covariance) / d
    squares = np.sum(covariance**2)
    if d == 1 or level == 0.0:
        return 0.0
    if shrinkage == "oas":
        numerator = squares / d**2 + level**2
        denominator = (n + 1) * (squares / d**2 - level**2 / d)
        return 1.0 if denominator <= 0.0 else float(min(numerator / denominator, 1.0))
    # Of all rows' outer products about the covariance, and of the covariance about the identity.
    beta = max((fourth / n - squares) / (d * n), 0.0)
    delta = squares / d - level**2
    return 1.0 if delta <= 0.0 else float(min(beta / delta, 1.0))
