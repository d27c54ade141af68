"""The Gaussian that smooths a function, in input units."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nbinterp import _checks
from nbinterp._numerics.arrays import as_tensor
from nbinterp._typing import FloatArray


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


def per_input(name: str, value: Any, d: int, of: str) -> float | FloatArray:
    """Return one positive number, or one for each of `d` inputs; `of` says what they are."""
    if np.ndim(value) == 0:
        return _checks.real(name, value, 0.0, open_low=True)
    numbers = np.asarray(_checks.to_numpy(value), dtype=np.float64).ravel()
    what = f"({name}={_checks.show(numbers)})"
    _checks.require(
        len(numbers) == d,
        what,
        f"must have one {of} per input, {d}",
        "Pass one number, or as many as the input has.",
    )
    _checks.require(
        bool((numbers > 0).all()) and bool(np.isfinite(numbers).all()),
        what,
        "must be positive and finite",
        f"Give inputs that do not vary a small {of}, or leave them out of the model.",
    )
    return numbers


def noise(sigma: Any, covariance: Any, default: float | FloatArray, d: int) -> Noise:
    """Return the noise for the given settings, in `d` dimensions."""
    if covariance is not None:
        _checks.require(
            sigma is None,
            "(sigma=…, covariance=…)",
            "must be given only one of the two",
            "Scale the covariance instead.",
        )
        return Noise(1.0, _triangle(covariance, d))
    given = default if sigma is None else per_input("sigma", sigma, d, "standard deviation")
    return Noise(given) if isinstance(given, float) else Noise(1.0, as_tensor(given))


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
