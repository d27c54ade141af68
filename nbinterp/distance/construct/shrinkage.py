"""Shrink covariances so that they can be inverted, from moments alone."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray


def check(shrinkage: Any, known: tuple[str, ...] = ("oas", "ledoit_wolf")) -> None:
    """Raise unless `shrinkage` names a formula or is a share from 0 to 1."""
    if isinstance(shrinkage, str):
        _checks.choice("shrinkage", shrinkage, known)
    else:
        _checks.real("shrinkage", shrinkage, 0.0, 1.0)


def shrunk(
    covariance: FloatArray,
    n_samples: int,
    shrinkage: str | float,
    ridge: float = 0.0,
    fourth: float = 0.0,
) -> tuple[FloatArray, float]:
    """Return ``(1 - share) Σ + share · mean variance · I`` and the share.

    Parameters
    ----------
    covariance : ndarray of shape (d, d)
        Sample covariance, divided by the number of samples.
    n_samples : int
        Number of samples.
    shrinkage : {"oas", "ledoit_wolf"} or float
        The formula for the share, or the share itself.
    ridge : float
        Added to the diagonal, as a multiple of its mean. An absolute number would be large for one
        layer and negligible for another.
    fourth : float
        The sum of ``|x - mean|⁴`` over samples; only "ledoit_wolf" needs it.

    References
    ----------
    Chen, Wiesel, Eldar and Hero, "Shrinkage algorithms for MMSE covariance estimation", IEEE
    Transactions on Signal Processing 58 (2010), eq. 23; Ledoit and Wolf, "A well-conditioned
    estimator for large-dimensional covariance matrices", J. Multivariate Analysis 88 (2004). The
    tests compare both with scikit-learn, whose functions need all samples at once.

    Examples
    --------
    >>> shrunk(np.diag([1.0, 3.0]), 100, 0.5)
    (array([[1.5, 0. ],
           [0. , 2.5]]), 0.5)
    """
    share = _share(covariance, n_samples, shrinkage, fourth)
    from sklearn.covariance import shrunk_covariance  # slow to import, rarely needed

    result: FloatArray = shrunk_covariance(covariance, share) if share else covariance.copy()
    result.flat[:: len(result) + 1] += ridge * np.trace(covariance) / len(covariance)
    return result, share


def _share(covariance: FloatArray, n: int, shrinkage: str | float, fourth: float) -> float:
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
    # How the outer products of rows vary about the covariance, and the covariance about identity.
    beta = max((fourth / n - squares) / (d * n), 0.0)
    delta = squares / d - level**2
    return 1.0 if delta <= 0.0 else float(min(beta / delta, 1.0))
