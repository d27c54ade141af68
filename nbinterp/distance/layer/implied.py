"""The mean and the covariance that a layer's weights imply, read back from them alone."""

from dataclasses import dataclass

import numpy as np

from nbinterp._typing import FloatArray
from nbinterp.distance.layer.hyperplanes import ratio


@dataclass(frozen=True, eq=False)
class Recovered:
    """What a layer would measure distances from, if it whitened its input.

    ``W = R Λ^(-1/2) Vᵀ`` and ``b = -W μ`` give ``Σ̂ = (WᵀW)⁺`` and ``μ̂ = -W⁺ b``, whatever the
    rotation R. R itself is not to be had: rows of W need not be principal components. Of weights
    of a rank below the number of features, both are known only within the span of the weights.

    Attributes
    ----------
    mean : ndarray of shape (n_features,)
        μ̂, the point of smallest norm if there are several.
    basis : ndarray of shape (n_features, rank)
        Directions that span the weights.
    variances : ndarray of shape (rank,)
        Of Σ̂ along them.
    residual : float
        The root mean square of ``W μ̂ + b``: zero if all planes meet in a point.

    Examples
    --------
    >>> found = Recovered.of(np.diag([1.0, 0.5]), np.array([-3.0, 0.0]))
    >>> found.mean.round(9) + 0.0, found.covariance.round(9)
    (array([3., 0.]), array([[1., 0.], [0., 4.]]))
    """

    mean: FloatArray
    basis: FloatArray
    variances: FloatArray
    residual: float

    @classmethod
    def of(cls, weight: FloatArray, bias: FloatArray, eps: float = 2.0**-52) -> "Recovered":
        """Return what the weights (n_nodes, n_features) and biases (n_nodes,) imply.

        `eps` is the rounding of the numbers that the weights came in.
        """
        left, values, right = np.linalg.svd(weight, full_matrices=False)
        rank = int((values > values.max(initial=0.0) * max(weight.shape) * eps).sum())
        left, values, right = left[:, :rank], values[:rank], right[:rank]
        mean = -right.T @ ((left.T @ bias) / values)
        residual = float(np.sqrt(np.mean((weight @ mean + bias) ** 2)))
        return cls(mean, right.T, values**-2.0, residual)

    @property
    def covariance(self) -> FloatArray:
        """Σ̂ (n_features, n_features)."""
        result: FloatArray = (self.basis * self.variances) @ self.basis.T
        return result

    def gaps(self, mean: FloatArray, covariance: FloatArray) -> tuple[float, float]:
        """Return how far μ̂ and Σ̂ are from those of data, within the span of the weights.

        The first in units of the data's spread there, the second as a share of the covariance's
        Frobenius norm.
        """
        inside = self.basis.T @ covariance @ self.basis
        step = self.basis.T @ (mean - self.mean)
        spread, size = np.sqrt(max(np.trace(inside), 0.0)), np.linalg.norm(inside)
        wrong = np.linalg.norm(np.diag(self.variances) - inside)
        gaps = ratio(np.array([np.linalg.norm(step), wrong]), np.array([spread, size]))
        return float(gaps[0]), float(gaps[1])
