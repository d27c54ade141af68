"""The Gaussian that the factors of Linear CorEx imply, from their correlations with the variables.

Where every variable has one parent it is exact; its covariance is a diagonal and m loadings, so
nothing here is larger than factors times variables.
"""

import numpy as np

from nbinterp._typing import FloatArray


def loadings(rho: FloatArray) -> FloatArray:
    """Return the loadings L ``(m, p)``, with correlations ``L' L`` off the diagonal.

    ``L_ji = B_ji / (1 + r_i)``, the coefficients of the modular conditional means (Ver Steeg,
    Harutyunyan, Moyer and Galstyan, 2019). The squares of a column add up to less than 1 for any
    `rho`, so that the implied matrix is positive definite.
    """
    b = rho / (1.0 - rho**2)
    result: FloatArray = b / (1.0 + (rho * b).sum(0))
    return result


def predicted_total_correlation(scores: FloatArray, rho: FloatArray) -> FloatArray:
    """Return what the implied Gaussian gains over independence at each row of `scores`, in nats."""
    lines = loadings(rho)
    own = 1.0 - (lines**2).sum(0)
    scaled = lines / own
    core = np.eye(len(lines)) + scaled @ lines.T  # Woodbury
    projected = scores @ scaled.T
    explained = (np.linalg.solve(core, projected.T).T * projected).sum(1)
    squares = scores**2
    log_det = np.log(own).sum() + np.linalg.slogdet(core)[1]
    gain: FloatArray = 0.5 * (squares.sum(1) - (squares / own).sum(1) + explained - log_det)
    return gain


def expected_scores(
    values: FloatArray, weights: FloatArray, rho: FloatArray, noise_floor: float
) -> FloatArray:
    """Return the best linear prediction of the scores from noiseless factor values."""
    noise = noise_floor**2
    # rho = w S_e, from which w S follows without S.
    shared = (rho - noise * weights) / (1.0 - noise)
    variance = shared @ weights.T
    expected: FloatArray = values @ np.linalg.pinv(variance, hermitian=True) @ shared
    return expected


def covariance_of(rho: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the implied covariance ``(p, p)`` of variables with standard deviations `scale`."""
    lines = loadings(rho)
    covariance: FloatArray = lines.T @ lines
    covariance[np.diag_indices_from(covariance)] = 1.0
    return covariance * scale * scale[:, None]
