"""A Gaussian as a linear layer whose nodes measure in standard deviations, and back."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._typing import FloatArray

ACTIVATIONS = ("abs", "relu_pair")


class Abs(nn.Module):
    """The absolute value, as an activation: of a node, its distance from its plane."""

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Return ``|z|``."""
        return z.abs()


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerGaussian:
    """The Gaussian whose Mahalanobis distance a linear layer measures.

    Attributes
    ----------
    mean : ndarray of shape (d,)
        The point ``μ̂ = -W⁺ b`` that lies on the planes of all nodes, or nearest to it in the sense
        of least squares; of several, that nearest to the origin.
    covariance : ndarray of shape (d, d)
        ``Σ̂ = (WᵀW)⁺``. In directions that no node reads, where the layer says nothing (of infinite
        variance), the entries of this pseudo-inverse are 0.
    precision : ndarray of shape (d, d)
        ``WᵀW``, which is exact in any case.
    rank : int
        How many directions the nodes read. Mean and covariance are determined by the layer only if
        it is d.
    residual : float
        ``‖W μ̂ + b‖``, in standard deviations: 0 if one point lies on all planes. Otherwise it is
        the least distance that the layer gives any point, and
        ``‖Wx + b‖² = (x - μ̂)ᵀ WᵀW (x - μ̂) + residual²``.

    Notes
    -----
    The layers ``W`` and ``RW``, for any orthogonal R, give the same distances. So the Gaussian says
    nothing of which rotation a layer is of, and a layer's rows need not be principal components.
    """

    mean: FloatArray
    covariance: FloatArray
    precision: FloatArray
    rank: int
    residual: float

    def __repr__(self) -> str:
        """Return what of it is determined."""
        d = len(self.mean)
        missing = f", of which the layer reads {self.rank}" if self.rank < d else ""
        return (
            f"LayerGaussian({d} dimensions{missing}; residual {self.residual:.3g}; "
            "the layer's rotation is not part of it)"
        )


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

    With ``Σ = V Λ Vᵀ``, the layer is ``W = R Λ^(-1/2) Vᵀ``, ``b = -W μ``: followed by its
    activation, ``‖h‖₂`` is the Mahalanobis distance ``sqrt((x - μ)ᵀ Σ⁻¹ (x - μ))``.

    Parameters
    ----------
    mean : array of shape (d,)
        The centre, through which the planes of all nodes go.
    covariance : array of shape (d, d)
        Symmetric and positive definite.
    rotation : array of shape (d, d), optional
        An orthogonal matrix R. Without one, node i stands for principal component i, of largest
        variance first, and puts out its standard deviations from the mean.
    activation : {"abs", "relu_pair"}
        What is to follow: `Abs`, or a ReLU. A ReLU keeps one side only, so that each node has a
        mirror partner: ``[W; -W]``, ``[b; -b]``. Of two partners one is zero.
    dtype : torch.dtype
        Of the layer. In float64 distances are exact to rounding; call ``.float()`` for float32.

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
    linear_to_gaussian : The way back.

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


@_checks.named
def linear_to_gaussian(layer: nn.Linear, *, activation: str = "abs") -> LayerGaussian:
    """Return the Gaussian from which a linear layer measures the Mahalanobis distance.

    Only up to rotation: every layer ``RW``, ``Rb`` with an orthogonal R gives the same answer.

    Parameters
    ----------
    layer : torch.nn.Linear
        Any; where it reads fewer directions than there are inputs, the result says so.
    activation : {"abs", "relu_pair"}
        ``"relu_pair"`` of a layer whose second half mirrors its first, which is then counted once.

    Returns
    -------
    LayerGaussian

    Raises
    ------
    ValueError
        If the layer is not finite, or has no mirror partners where it is said to.
    TypeError
        If it is no Linear.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024),
    section 3.

    Examples
    --------
    >>> from nbinterp.distance import gaussian_to_linear, linear_to_gaussian
    >>> found = linear_to_gaussian(gaussian_to_linear([1.0, 2.0], [[4.0, 1.0], [1.0, 1.0]]))
    >>> found.mean.round(9), found.covariance.round(9)
    (array([1., 2.]), array([[4., 1.],
           [1., 1.]]))
    """
    _checks.choice("activation", activation, ACTIVATIONS)
    what = f"(layer={type(layer).__name__})"
    _checks.require(
        isinstance(layer, nn.Linear),
        what,
        "must be a torch.nn.Linear",
        "Pass one layer of your model, such as model.h1.",
        TypeError,
    )
    weight = layer.weight.detach().to("cpu", torch.float64).numpy()
    bias = np.zeros(len(weight))
    if layer.bias is not None:
        bias = layer.bias.detach().to("cpu", torch.float64).numpy()
    _checks.require(
        bool(np.isfinite(weight).all() and np.isfinite(bias).all()),
        what,
        "must hold finite weights",
        "Look for what made NaN or infinite values in training.",
    )
    if activation == "relu_pair":
        weight, bias = _first_half(what, weight, bias)
    # One decomposition for all: pseudo-inverses of W and of WᵀW must agree on what is zero.
    u, s, vt = np.linalg.svd(weight, full_matrices=False)
    rounding = max(weight.shape) * torch.finfo(layer.weight.dtype).eps
    rank = int((s > s.max(initial=0.0) * rounding).sum())
    u, s, vt = u[:, :rank], s[:rank], vt[:rank]
    mean = -(vt.T / s) @ (u.T @ bias)
    return LayerGaussian(
        mean=mean,
        covariance=(vt.T / s**2) @ vt,
        precision=weight.T @ weight,
        rank=rank,
        residual=float(np.linalg.norm(weight @ mean + bias)),
    )


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
    """Return ``Λ^(-1/2) Vᵀ`` (d, d) of a covariance, rows by falling variance."""
    what = f"({name}={_checks.show(covariance)})"
    matrix = np.asarray(_checks.to_numpy(covariance), dtype=np.float64)
    _checks.require(
        matrix.shape == (d, d),
        what,
        f"must have the shape {(d, d)}, not {matrix.shape}",
        "Pass a row and a column an entry of the mean.",
    )
    _checks.require(
        bool(np.isfinite(matrix).all()), what, "must be finite", "Drop or fill those entries."
    )
    size = float(np.abs(matrix).max())
    _checks.require(
        bool(np.abs(matrix - matrix.T).max() <= 1e-6 * size),
        what,
        "must be symmetric",
        "Pass (C + C.T) / 2 if that is what you mean.",
    )
    values, vectors = np.linalg.eigh((matrix + matrix.T) / 2)
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
    """Return a Linear of these weights; no initial ones are drawn from the global generator."""
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


def _first_half(what: str, weight: FloatArray, bias: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first half of nodes, after a look at whether the second half mirrors it."""
    rows = np.column_stack([weight, bias])
    half = len(rows) // 2
    scale = 1e-5 * np.abs(rows).max(initial=0.0)
    _checks.require(
        len(rows) % 2 == 0 and bool(np.abs(rows[:half] + rows[half:]).max(initial=0.0) <= scale),
        what,
        "must hold a mirror partner of each node of its first half, in the second half",
        "Use activation='abs', or bring its nodes into the order [W; -W].",
    )
    return weight[:half], bias[:half]
