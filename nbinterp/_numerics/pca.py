"""Principal components of many samples."""

from dataclasses import dataclass

import numpy as np
import torch

from nbinterp import _device
from nbinterp._numerics.eigen import leading_eigenpairs
from nbinterp._numerics.symmetric import symmetric_product

# Up to so many features their covariance is formed once; beyond, it is applied factor by factor.
_MOST_FEATURES_FORMED = 4000
_N_PRODUCTS = 20
# Rows of so many bytes stay in a processor's cache.
_CACHED_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Reduction:
    """An affine map to fewer dimensions, or to as many.

    Parameters
    ----------
    mean : Tensor of shape (n_features,)
        What is subtracted.
    axes : Tensor of shape (n_features, k), or None
        What is multiplied by; None is the identity.
    scale : Tensor of shape ()
        A power of two that brings the data near one, so that squares neither over- nor underflow.
    """

    mean: torch.Tensor
    axes: torch.Tensor | None
    scale: torch.Tensor

    def __call__(self, X: torch.Tensor) -> torch.Tensor:
        """Return the reduced rows of `X`, in units of `scale`."""
        if self.axes is None:
            return (X - self.mean).div_(self.scale)
        reduced = X.new_empty(len(X), self.axes.shape[1])
        step = _rows_at_a_time(X)
        for start in range(0, len(X), step):
            block = (X[start : start + step] - self.mean).div_(self.scale)
            torch.mm(block, self.axes, out=reduced[start : start + step])
        return reduced


def principal_components(
    X: torch.Tensor, n_components: int | None, random: np.random.RandomState
) -> Reduction:
    """Return the map to the leading principal components, features not rescaled.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
        Samples.
    n_components : int or None
        Components to keep; with None, or as many as samples or features, the map only centres.
    random : RandomState
        What the iteration starts from.

    Returns
    -------
    Reduction
        To be called with samples.
    """
    mean = X.mean(0)  # of any accuracy, as long as the same is always subtracted
    centred = X - mean
    lowest, highest = centred.aminmax()
    largest = torch.maximum(-lowest, highest)
    scale = torch.where(largest > 0, largest, 1).log2().floor().exp2()
    if n_components is None or n_components >= min(X.shape):
        return Reduction(mean, None, scale)
    centred.div_(scale)
    covariance = (
        symmetric_product(centred.T, centred) if X.shape[1] <= _MOST_FEATURES_FORMED else None
    )

    def multiply(block: torch.Tensor) -> torch.Tensor:
        return centred.T @ (centred @ block) if covariance is None else covariance @ block

    _, axes = leading_eigenpairs(
        multiply, X.shape[1], n_components, random, n_iter=_N_PRODUCTS, like=X
    )
    return Reduction(mean, axes, scale)


def _rows_at_a_time(X: torch.Tensor) -> int:
    """Return how many rows a block of `X` has: few stay in a processor's cache."""
    bytes_per_row = X.shape[1] * X.element_size()
    step = _device.rows_per_block(X.device, bytes_per_row)
    return max(1, min(step, _CACHED_BYTES // bytes_per_row)) if X.device.type == "cpu" else step
