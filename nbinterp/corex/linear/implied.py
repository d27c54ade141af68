"""The Gaussian that the factors of Linear CorEx imply, from their correlations with the variables.

Where every variable has one parent it is exact; its covariance is a diagonal and m loadings, so
nothing here is larger than factors times variables.
"""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.corex.linear.gaussianize import Columns


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


class ImpliedGaussian:
    """What a fitted `LinearCorEx` says about samples: factor values, predictions, likelihoods."""

    weights_: FloatArray
    correlation_: FloatArray
    scale_: FloatArray
    noise_floor: float
    missing: str
    _columns: Columns

    def transform(self, X: Any) -> FloatArray:
        """Return the factor values of samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            A missing entry counts as its column's mean.

        Returns
        -------
        array of shape (n_samples, n_factors)
            ``w x`` without noise: the variance over the training data is below 1, the more so
            the weaker the factor.
        """
        result: FloatArray = self._scores(X) @ self.weights_.T
        return result

    @_checks.named
    def inverse_transform(self, Z: Any) -> FloatArray:
        """Return the samples that are expected at factor values `Z`.

        Parameters
        ----------
        Z : array-like of shape (n_samples, n_factors)
            As `transform` returns them.

        Returns
        -------
        array of shape (n_samples, n_features)
            The best linear prediction of the variables from the factor values. The authors'
            program predicts from factors with their noise, which shrinks the result.
        """
        _checks.fitted(self, "weights_")
        values = _checks.samples(Z, name="Z", min_samples=1)
        _checks.require(
            values.shape[1] == len(self.weights_),
            f"(Z={_checks.show(values)})",
            f"must have one column a factor, {len(self.weights_)}",
            "Pass what transform returns.",
        )
        scores = expected_scores(
            values.astype(np.float64), self.weights_, self.correlation_, self.noise_floor
        )
        return self._columns.invert(scores)

    def get_covariance(self) -> FloatArray:
        """Return the covariance of the variables that the factors imply.

        Returns
        -------
        array of shape (n_features, n_features)
            Exact where every variable has one parent; off the diagonal it is shrunk by the square
            of `noise_floor`, which keeps it positive definite.
        """
        _checks.fitted(self, "weights_")
        lines = loadings(self.correlation_)
        covariance: FloatArray = lines.T @ lines
        covariance[np.diag_indices_from(covariance)] = 1.0
        return covariance * self.scale_ * self.scale_[:, None]

    def score(self, X: Any, y: Any = None) -> float:
        """Return the total correlation of `X` that the factors predict, in nats a sample.

        The mean log likelihood under the Gaussian with `get_covariance`, less that under
        independent variables: zero for factors of nothing, at most the Gaussian total correlation,
        and lower for factors of noise, so that it can choose `n_factors` on held-out samples.

        Parameters
        ----------
        X : array-like, DataFrame or Tensor of shape (n_samples, n_features)
            A missing entry counts as its column's mean.
        y : ignored

        Returns
        -------
        float
            In nats a sample.
        """
        scores = self._scores(X)
        return float(predicted_total_correlation(scores, self.correlation_).mean())

    @_checks.named
    def _scores(self, X: Any) -> FloatArray:
        """Return the scores of new samples, 0 where missing."""
        _checks.fitted(self, "weights_")
        data = _checks.samples(
            X,
            min_samples=1,
            missing=self.missing == "pairwise",
            estimator=self,
            reset=False,
        )
        scores: FloatArray = np.nan_to_num(self._columns.apply(data))
        return scores
