"""Principal components of many samples."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from nbinterp import _device
from nbinterp._numerics.eigen import leading_eigenpairs
from nbinterp._numerics.symmetric import gram
from nbinterp._state import HasState, fields

# Up to this many features the covariance is formed once; beyond, it is applied as a product.
_MOST_FEATURES_FORMED = 4000
_N_PRODUCTS = 20
# Rows of this many bytes stay in the processor's cache.
_CACHED_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Reduction(HasState):
    """An affine map to the same or a smaller number of dimensions.

    Parameters
    ----------
    mean : Tensor of shape (n_features,)
        Subtracted from each sample.
    axes : Tensor of shape (n_features, k), or None
        Multiplies the centred samples; None is the identity.
    scale : Tensor of shape ()
        A power of two that scales the data to about 1, so that squares do not over- or underflow.
    """

    mean: torch.Tensor
    axes: torch.Tensor | None
    scale: torch.Tensor

    _STATE = fields("mean axes scale")

    def __call__(self, X: torch.Tensor) -> torch.Tensor:
        """Return the reduced rows of `X`, in units of `scale`."""
        if self.axes is None:
            return (X - self.mean).div_(self.scale)
        reduced = X.new_empty(len(X), self.axes.shape[1])
        for rows, block in _centred_blocks(X, self.mean, self.scale):
            torch.mm(block, self.axes, out=reduced[rows])
        return reduced


def principal_components(
    X: torch.Tensor, n_components: int | None, random: np.random.RandomState
) -> Reduction:
    """Return the map to the leading principal components, without rescaling features.

    Parameters
    ----------
    X : Tensor of shape (n_samples, n_features)
        Samples.
    n_components : int or None
        Number of components to keep. With None, or with at least the number of samples or features,
        the map only centres.
    random : RandomState
        Draws the start of the iteration.

    Returns
    -------
    Reduction
        Call it with samples.
    """
    mean = X.mean(0)  # needs no accuracy, as the same mean is always subtracted
    lowest, highest = X.amin(0), X.amax(0)  # each is four times as fast as aminmax
    largest = torch.maximum(mean - lowest, highest - mean).max()
    scale = torch.where(largest > 0, largest, 1).log2().floor().exp2()
    if n_components is None or n_components >= min(X.shape):
        return Reduction(mean, None, scale)
    multiply: Callable[[torch.Tensor], torch.Tensor]
    if X.shape[1] <= _MOST_FEATURES_FORMED:
        covariance = gram((block for _, block in _centred_blocks(X, mean, scale)), like=X)
        multiply = partial(torch.mm, covariance)
    else:
        centred = (X - mean).div_(scale)
        multiply = partial(_multiply_twice, centred)
    _, axes = leading_eigenpairs(
        multiply, X.shape[1], n_components, random, n_iter=_N_PRODUCTS, like=X
    )
    return Reduction(mean, axes, scale)


def _multiply_twice(X: torch.Tensor, block: torch.Tensor) -> torch.Tensor:
    return X.T @ (X @ block)


def _centred_blocks(
    X: torch.Tensor, mean: torch.Tensor, scale: torch.Tensor
) -> Iterator[tuple[slice, torch.Tensor]]:
    """Yield centred and scaled rows of `X`, in blocks that fit in the processor's cache."""
    bytes_per_row = X.shape[1] * X.element_size()
    step = _device.rows_per_block(X.device, bytes_per_row)
    if X.device.type == "cpu":
        step = max(1, min(step, _CACHED_BYTES // bytes_per_row))
    for start in range(0, len(X), step):
        rows = slice(start, start + step)
        yield rows, (X[rows] - mean).div_(scale)
