"""The correlation matrix of scores, complete or with missing entries."""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks, _device
from nbinterp._numerics.parallel import interruptible
from nbinterp._numerics.symmetric import symmetric_product
from nbinterp._typing import FloatArray, FloatingArray
from nbinterp.corex.linear.gaussianize import Columns
from nbinterp.corex.linear.operators import Dense, Product, Scores

# With so many times more variables than samples, two products with the scores are cheaper than one
# with their correlations.
_FEW_SAMPLES = 2


def product_of(columns: Columns, data: FloatingArray, device: torch.device) -> Product:
    """Return how to multiply by the correlations of the scores of `data`, the cheaper way."""
    n, p = data.shape
    if _FEW_SAMPLES * n < p and not np.isnan(data).any():
        scores = torch.as_tensor(columns.apply(data), device=device) / n**0.5
        return Scores(scores.unsqueeze(0))
    return Dense(correlation_of(columns, data, device).unsqueeze(0))


def correlation_of(columns: Columns, data: FloatingArray, device: torch.device) -> Tensor:
    """Return the correlation matrix ``(p, p)``, in float64, of the scores of `data`.

    With missing entries each correlation is that of the rows where both columns are observed,
    which is unbiased when entries are missing at random (filling in means is not: it shrinks every
    correlation). Such a matrix need not be one of any data, so it is moved to the nearest that has
    no negative eigenvalue and scaled back to unit variances. A pair never seen together counts as
    uncorrelated; a constant column has a zero row.
    """
    n, p = data.shape
    total = torch.zeros((p, p), dtype=torch.float64, device=device)
    together = torch.zeros_like(total)
    missing = bool(np.isnan(data).any())
    block = _device.rows_per_block(device, 16 * p)
    for begin in range(0, n, block):
        scores = torch.as_tensor(columns.apply(data[begin : begin + block]), device=device)
        if missing:
            observed = (~scores.isnan()).to(torch.float64)
            together.addmm_(observed.mT, observed)
            scores = scores.nan_to_num(nan=0.0)
        total += symmetric_product(scores.mT, scores)
    if not missing:
        mean: Tensor = total / n
        return mean
    return _proper(total / together.clamp(min=1.0))


def _proper(pairwise: Tensor) -> Tensor:
    """Return the matrix without its negative eigenvalues, with unit or zero diagonal."""
    varying = pairwise.diagonal() > 0
    values, vectors = interruptible(partial(torch.linalg.eigh, pairwise), pairwise.device)
    positive = (vectors * values.clamp(min=0.0)) @ vectors.mT
    scale = positive.diagonal().clamp(min=torch.finfo(positive.dtype).tiny).rsqrt() * varying
    result: Tensor = positive * scale.unsqueeze(0) * scale.unsqueeze(1)
    result.diagonal().copy_(varying.to(result.dtype))
    return result


def to_correlation(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the correlation matrix of `covariance` and its standard deviations.

    A variable of variance 0 keeps a zero row.
    """
    scale = np.sqrt(np.clip(np.diag(covariance), 0.0, None))
    safe = np.where(scale > 0, scale, 1.0)
    correlation: FloatArray = covariance / safe / safe[:, None]
    correlation[scale == 0] = 0.0
    correlation[:, scale == 0] = 0.0
    correlation[np.diag_indices_from(correlation)] = scale > 0
    return correlation, scale


def checked_correlation(covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the correlation matrix and standard deviations of an argument `S`, or raise."""
    what = f"(S={_checks.show(covariance)})"
    remedy = "Pass a covariance matrix, such as numpy.cov(X.T)."
    square = covariance.shape[0] == covariance.shape[1]
    tolerance = 1e-6 * np.abs(covariance).max()
    symmetric = square and np.allclose(covariance, covariance.T, atol=tolerance)
    _checks.require(symmetric, what, "must be square and symmetric", remedy)
    matrix, scale = to_correlation(covariance)
    least = interruptible(partial(np.linalg.eigvalsh, matrix))[0] if scale.any() else -np.inf
    proper = bool(least > -1e-6 * len(matrix))
    must = "must have a positive variance and no negative eigenvalue"
    _checks.require(proper, what, must, remedy)
    return matrix, scale
