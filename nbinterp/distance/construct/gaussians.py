"""Linear layers that measure the Mahalanobis distance from a Gaussian."""

from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._numerics.parallel import interruptible
from nbinterp._typing import FloatArray

ACTIVATIONS = ("abs", "relu_pair")


class Abs(nn.Module):
    """The absolute value as an activation: how far an input is from a node's hyperplane."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return ``|z|``."""
        return z.abs()


@_checks.named
def gaussian_to_linear(
    mean: Any,
    covariance: Any,
    *,
    rotation: Any = None,
    activation: str = "abs",
    dtype: torch.dtype = torch.float64,
) -> nn.Linear:
    """Return the layer that measures the Mahalanobis distance from a Gaussian.

    The Mahalanobis distance of x from a Gaussian is ``sqrt((x - μ)ᵀ Σ⁻¹ (x - μ))``: the distance
    from its mean, in standard deviations along each direction. With ``Σ = V Λ Vᵀ``, the layer is
    ``W = R Λ^(-1/2) Vᵀ``, ``b = -W μ``. The norm of its nodes after the activation is that
    distance.

    Parameters
    ----------
    mean : array of shape (d,)
        The centre. The hyperplanes of all nodes pass through it.
    covariance : array of shape (d, d)
        Symmetric and positive definite.
    rotation : array of shape (d, d), optional
        An orthogonal matrix R. Without one, node i is principal component i, in order of falling
        variance, and gives the standard deviations from the mean along it.
    activation : {"abs", "relu_pair"}
        What follows the layer: `Abs`, or a ReLU. A ReLU keeps one side only, so each node gets a
        mirror partner: ``[W; -W]``, ``[b; -b]``. One of the two is always zero.
    dtype : torch.dtype
        Type of the layer. In float64 the distances are exact up to rounding; call ``.float()`` for
        float32.

    Returns
    -------
    torch.nn.Linear
        From d inputs to d nodes, or 2 d.

    Raises
    ------
    ValueError
        If shapes do not match, or the covariance is not symmetric and positive definite.

    See Also
    --------
    linear_to_gaussian : The inverse.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024),
    section 3.

    Examples
    --------
    >>> import torch
    >>> from nbinterp.distance import Abs, gaussian_to_linear
    >>> layer = gaussian_to_linear([1.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])
    >>> x = torch.tensor([[3.0, 0.0], [1.0, 2.0]], dtype=torch.float64)
    >>> torch.nn.Sequential(layer, Abs())(x).norm(dim=1).tolist()
    [1.0, 2.0]
    """
    _checks.choice("activation", activation, ACTIVATIONS)
    centre = vector("mean", mean)
    weight = whitening("covariance", covariance, len(centre))
    if rotation is not None:
        weight = _rotation(rotation, len(centre)) @ weight
    bias = -weight @ centre
    if activation == "relu_pair":
        weight, bias = np.concatenate([weight, -weight]), np.concatenate([bias, -bias])
    return linear(weight, bias, dtype)


def vector(name: str, value: Any) -> FloatArray:
    """Return `value` as a finite vector in float64."""
    what = f"({name}={_checks.show(value)})"
    array = np.asarray(_checks.to_numpy(value), dtype=np.float64)
    _checks.require(array.ndim == 1 and array.size > 0, what, "must be a vector", "Pass a list.")
    _checks.require(bool(np.isfinite(array).all()), what, "must be finite", "Fill those entries.")
    return array


def whitening(
    name: str,
    covariance: Any,
    d: int,
    remedy: str = "Drop constant or dependent features, or shrink it with sklearn.covariance.OAS.",
) -> FloatArray:
    """Return ``Λ^(-1/2) Vᵀ`` (d, d) for a covariance, with rows in order of falling variance."""
    what = f"({name}={_checks.show(covariance)})"
    matrix = np.asarray(_checks.to_numpy(covariance), dtype=np.float64)
    _checks.require(
        matrix.shape == (d, d),
        what,
        f"must have the shape {(d, d)}, not {matrix.shape}",
        "Pass one row and one column for each entry of the mean.",
    )
    _checks.require(
        bool(np.isfinite(matrix).all()), what, "must be finite", "Drop or fill those entries."
    )
    size = float(np.abs(matrix).max())
    _checks.require(
        bool(np.abs(matrix - matrix.T).max() <= 1e-6 * size),
        what,
        "must be symmetric",
        "Pass (C + C.T) / 2 if you mean that.",
    )
    values, vectors = interruptible(partial(np.linalg.eigh, (matrix + matrix.T) / 2))
    floor = d * np.finfo(np.float64).eps * size
    _checks.require(
        bool(values[0] > floor),
        what,
        f"must be positive definite, but its least variance is {values[0]:.3g}",
        remedy,
    )
    result: FloatArray = vectors[:, ::-1].T / np.sqrt(values[::-1, None])
    return result


def linear(weight: FloatArray, bias: FloatArray, dtype: torch.dtype) -> nn.Linear:
    """Return a Linear with these weights, without drawing from the global random generator."""
    with torch.device("meta"):
        layer = nn.Linear(weight.shape[1], weight.shape[0])
    values = {"weight": weight, "bias": bias}
    layer.load_state_dict(
        {name: torch.tensor(value, dtype=dtype) for name, value in values.items()}, assign=True
    )
    return layer


def _rotation(rotation: Any, d: int) -> FloatArray:
    matrix = np.asarray(_checks.to_numpy(rotation), dtype=np.float64)
    _checks.require(
        matrix.shape == (d, d) and bool(np.allclose(matrix @ matrix.T, np.eye(d), atol=1e-6)),
        f"(rotation={_checks.show(rotation)})",
        f"must be an orthogonal matrix of shape {(d, d)}",
        "Draw one with scipy.stats.ortho_group.",
    )
    return matrix
