"""The area under the ROC curve, with a confidence interval."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit, ndtri
from scipy.stats import rankdata

from nbinterp import _checks
from nbinterp._typing import FloatArray


@dataclass(frozen=True, kw_only=True)
class AUROC:
    """The area under a ROC curve: the probability that an outlier scores above an inlier.

    Attributes
    ----------
    value : float
        The area; ties count half.
    lower, upper : float
        Confidence interval; see `auroc`.
    standard_error : float
        DeLong's standard error; 0 if the scores separate the groups without error.
    confidence : float
        Level of the interval.
    n_inside, n_outside : int
        Numbers of inliers and outliers.
    """

    value: float
    lower: float
    upper: float
    standard_error: float
    confidence: float
    n_inside: int
    n_outside: int

    def __repr__(self) -> str:
        """Return the area and its interval."""
        return (
            f"AUROC {self.value:.4f} ({self.confidence:.0%} CI {self.lower:.4f} to "
            f"{self.upper:.4f}; {self.n_inside} inside, {self.n_outside} outside)"
        )


@_checks.named
def auroc(inside: Any, outside: Any, *, confidence: float = 0.95) -> AUROC:
    """Return the area under the ROC curve of scores, with a confidence interval.

    The variance is DeLong's. The interval is symmetric on the logit scale, so it stays between 0
    and 1. If the scores separate the groups without error, DeLong's variance is 0, which would
    claim certainty. The interval is then Newcombe's: all areas from which the observed 0 or 1 is
    within the given number of their standard errors.

    Parameters
    ----------
    inside : array of shape (n_inside,)
        Scores of inliers.
    outside : array of shape (n_outside,)
        Scores of outliers, which should be higher.
    confidence : float
        Level of the interval, above 0 and below 1.

    Returns
    -------
    AUROC

    Raises
    ------
    ValueError
        If a group has fewer than two scores, or scores are not finite.

    References
    ----------
    DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 44 (1988); by midranks as in Sun and Xu, "Fast
    implementation of DeLong's algorithm", IEEE Signal Processing Letters 21 (2014). Newcombe,
    "Confidence intervals for an effect size measure based on the Mann-Whitney statistic, part 2",
    Statistics in Medicine 25 (2006), method 5.

    Examples
    --------
    >>> from nbinterp.distance import auroc
    >>> auroc([0.1, 0.4, 0.35, 0.2], [0.3, 0.8, 0.9])
    AUROC 0.8333 (95% CI 0.2485 to 0.9869; 4 inside, 3 outside)
    """
    low, high = _scores("inside", inside), _scores("outside", outside)
    share = _checks.real("confidence", confidence, 0.0, 1.0 - 1e-9, open_low=True)
    m, n = len(high), len(low)
    ranks = rankdata(np.concatenate([high, low]))
    # For each outlier the share of inliers below it, for each inlier that of outliers above.
    above = (ranks[:m] - rankdata(high)) / n
    below = 1.0 - (ranks[m:] - rankdata(low)) / m
    value = float(above.mean())
    error = float(np.sqrt(above.var(ddof=1) / m + below.var(ddof=1) / n))
    lower, upper = _interval(value, error, float(ndtri((1.0 + share) / 2.0)), m, n)
    return AUROC(
        value=value,
        lower=lower,
        upper=upper,
        standard_error=error,
        confidence=share,
        n_inside=n,
        n_outside=m,
    )


def _interval(value: float, error: float, z: float, m: int, n: int) -> tuple[float, float]:
    if not 0.0 < value < 1.0:
        bound = _newcombe(z, m, n)
        return (bound, 1.0) if value == 1.0 else (0.0, 1.0 - bound)
    step = z * error / (value * (1.0 - value))
    return float(expit(logit(value) - step)), float(expit(logit(value) + step))


def _newcombe(z: float, m: int, n: int) -> float:
    """Return the least area that is within z of its own standard errors of 1."""
    half = (m + n) / 2.0 - 1.0

    def excess(area: float) -> float:
        # Divided by 1 - area, since the trivial root at 1 is not wanted.
        spread = 1.0 + half * ((1.0 - area) / (2.0 - area) + area / (1.0 + area))
        return (1.0 - area) * m * n - z * z * area * spread

    return float(brentq(excess, 0.0, 1.0))


def _scores(name: str, value: Any) -> FloatArray:
    what = f"({name}={_checks.show(value)})"
    array = _checks.numeric(value, name).astype(np.float64)
    _checks.require(
        array.ndim == 1 and array.size >= 2,
        what,
        "must be at least two scores, one for each sample",
        "Pass the scores of more samples.",
    )
    _checks.require(
        bool(np.isfinite(array).all()),
        what,
        "must be finite",
        "Look for the cause of NaN or infinite scores.",
    )
    return array
