"""The Gaussian that smooths a function, in input units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks
from nbinterp._numerics.arrays import as_tensor


@dataclass(frozen=True)
class Noise:
    """A Gaussian of covariance ``scale² L Lᵀ``.

    Parameters
    ----------
    scale : float
        Overall size; the standard deviation if `factor` is None.
    factor : Tensor of shape (d,) or (d, d), or None
        The diagonal of L, or the lower triangle L; None for the identity.
    """

    scale: float
    factor: Tensor | None = None

    def spread(self, z: Tensor) -> Tensor:
        """Return ``L z`` for standard normal rows `z`; `scale` times this is the noise."""
        if self.factor is None:
            return z
        return z * self.factor if self.factor.ndim == 1 else z @ self.factor.T

    def dual(self, z: Tensor) -> Tensor:
        """Return ``L⁻ᵀ z``: `scale` times the inverse covariance times the noise of `z`."""
        if self.factor is None:
            return z
        if self.factor.ndim == 1:
            return z / self.factor
        solved: Tensor = torch.linalg.solve_triangular(self.factor.T, z.T, upper=True).T
        return solved

    def deviations(self) -> Any:
        """Return the standard deviation of each coordinate, or one number if all are equal."""
        if self.factor is None:
            return self.scale
        rows = self.factor if self.factor.ndim == 1 else self.factor.norm(dim=1)
        return self.scale * rows.to("cpu", torch.float64).numpy()

    def to(self, device: torch.device, dtype: torch.dtype) -> "Noise":
        """Return the same noise on another device and in another type."""
        return Noise(self.scale, None if self.factor is None else self.factor.to(device, dtype))


def noise(sigma: Any, covariance: Any, default: float, d: int) -> Noise:
    """Return the noise for the given settings, in `d` dimensions."""
    if covariance is not None:
        _checks.require(
            sigma is None,
            "(sigma=…, covariance=…)",
            "must be given only one of the two",
            "Scale the covariance instead.",
        )
        return Noise(1.0, _triangle(covariance, d))
    if sigma is None:
        return Noise(default)
    if np.ndim(sigma) == 0:
        return Noise(_checks.real("sigma", sigma, 0.0, open_low=True))
    deviations = np.asarray(_checks.to_numpy(sigma), dtype=np.float64).ravel()
    what = f"(sigma={_checks.show(deviations)})"
    _checks.require(
        len(deviations) == d,
        what,
        f"must have one standard deviation per input, {d}",
        "Pass one number, or as many as the input has.",
    )
    _checks.require(
        bool((deviations > 0).all()) and bool(np.isfinite(deviations).all()),
        what,
        "must be positive and finite",
        "Give inputs that do not vary a small standard deviation, or leave them out of the model.",
    )
    return Noise(1.0, as_tensor(deviations))


def _triangle(covariance: Any, d: int) -> Tensor:
    matrix = _checks.samples(covariance, name="covariance", min_samples=1)
    what = f"(covariance={_checks.show(matrix)})"
    _checks.require(
        matrix.shape == (d, d) and np.allclose(matrix, matrix.T, rtol=1e-5),
        what,
        f"must be symmetric of shape ({d}, {d})",
        "Pass numpy.cov(X.T), scaled to the neighbourhood you mean.",
    )
    lower: Tensor
    lower, failed = torch.linalg.cholesky_ex(torch.as_tensor(matrix, dtype=torch.float64))
    _checks.require(
        not bool(failed),
        what,
        "must be positive definite",
        "Add a small multiple of the identity.",
    )
    return lower
