"""The Gaussian whose Mahalanobis distance the weights of a linear layer measure."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import nn

from nbinterp import _checks
from nbinterp._numerics.parallel import interruptible
from nbinterp._typing import FloatArray
from nbinterp.distance.construct.gaussians import ACTIVATIONS


@dataclass(frozen=True, eq=False, kw_only=True)
class LayerGaussian:
    """The Gaussian whose Mahalanobis distance a linear layer measures.

    A layer that whitens its input has ``W = R Λ^(-1/2) Vᵀ`` and ``b = -W μ``. Whatever the rotation
    R, ``Σ̂ = (WᵀW)⁺`` and ``μ̂ = -W⁺ b`` give the covariance and the mean back.

    Attributes
    ----------
    mean : ndarray of shape (d,)
        μ̂, the point on the hyperplanes of all nodes. If there is none, the point nearest to all
        hyperplanes by least squares; if there are several, the one nearest to the origin.
    basis : ndarray of shape (d, rank)
        Orthonormal directions that span the weights, the rows of W.
    variances : ndarray of shape (rank,)
        Variances of Σ̂ along these directions.
    residual : float
        ``‖W μ̂ + b‖``, in standard deviations: 0 if one point lies on all hyperplanes. In general
        ``‖Wx + b‖² = (x - μ̂)ᵀ WᵀW (x - μ̂) + residual²``, so no point has a smaller distance.

    Notes
    -----
    For any orthogonal R, the layers ``W`` and ``RW`` measure the same distances. So the Gaussian
    does not determine the layer, and the rows of W need not be principal components.
    """

    mean: FloatArray
    basis: FloatArray
    variances: FloatArray
    residual: float

    @classmethod
    def of(cls, weight: FloatArray, bias: FloatArray, eps: float = 2.0**-52) -> "LayerGaussian":
        """Return the Gaussian of weights (n_nodes, d) and biases (n_nodes,).

        `eps` is the relative rounding error of the type in which the weights were stored.

        Examples
        --------
        >>> found = LayerGaussian.of(np.diag([1.0, 0.5]), np.array([-3.0, 0.0]))
        >>> found.mean.round(9) + 0.0, found.covariance.round(9)
        (array([3., 0.]), array([[1., 0.], [0., 4.]]))
        """
        # One decomposition for all: mean and covariance must agree on which directions are zero.
        left, values, right = interruptible(partial(np.linalg.svd, weight, full_matrices=False))
        rank = int((values > values.max(initial=0.0) * max(weight.shape) * eps).sum())
        left, values, right = left[:, :rank], values[:rank], right[:rank]
        mean = -right.T @ ((left.T @ bias) / values)
        residual = float(np.linalg.norm(weight @ mean + bias))
        return cls(mean=mean, basis=right.T, variances=values**-2.0, residual=residual)

    @property
    def rank(self) -> int:
        """How many directions the nodes read. Below d, they leave part of the Gaussian open."""
        return len(self.variances)

    @property
    def covariance(self) -> FloatArray:
        """``Σ̂ = (WᵀW)⁺`` (d, d).

        Along directions that no node reads the variance is unknown; the pseudo-inverse has 0 there.
        """
        result: FloatArray = (self.basis * self.variances) @ self.basis.T
        return result

    @property
    def precision(self) -> FloatArray:
        """``WᵀW`` (d, d), which is known along all directions."""
        result: FloatArray = (self.basis / self.variances) @ self.basis.T
        return result

    def gaps(self, mean: FloatArray, covariance: FloatArray) -> tuple[float, float]:
        """Compare μ̂ and Σ̂ with a mean and a covariance, within the span of the weights.

        Returns
        -------
        mean_gap : float
            Distance of the means, divided by the root of the total variance.
        covariance_gap : float
            Frobenius norm of the difference, divided by that of `covariance`.
        """
        within = self.basis.T @ covariance @ self.basis
        step = float(np.linalg.norm(self.basis.T @ (mean - self.mean)))
        spread = float(np.sqrt(max(np.trace(within), 0.0)))
        difference = float(np.linalg.norm(np.diag(self.variances) - within))
        return _divided(step, spread), _divided(difference, float(np.linalg.norm(within)))

    def __repr__(self) -> str:
        """Return the size, and what the layer leaves open."""
        d = len(self.mean)
        missing = f", of which the layer reads {self.rank}" if self.rank < d else ""
        return (
            f"LayerGaussian({d} dimensions{missing}; residual {self.residual:.3g}; "
            "the layer's rotation is not part of it)"
        )


@_checks.named
def linear_to_gaussian(layer: nn.Linear, *, activation: str = "abs") -> LayerGaussian:
    """Return the Gaussian whose Mahalanobis distance a linear layer measures.

    It is known up to a rotation: all layers ``RW``, ``Rb`` with an orthogonal R give the same one.

    Parameters
    ----------
    layer : torch.nn.Linear
        Any linear layer. If it reads fewer directions than it has inputs, the result says so.
    activation : {"abs", "relu_pair"}
        ``"relu_pair"`` if the second half of the nodes mirrors the first half, as
        `gaussian_to_linear` makes them. Each pair then counts once.

    Returns
    -------
    LayerGaussian

    Raises
    ------
    ValueError
        If a weight is not finite, or ``"relu_pair"`` is asked for and the halves do not mirror.
    TypeError
        If `layer` is not a Linear.

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
        "Look for NaN or infinite values in training.",
    )
    if activation == "relu_pair":
        weight, bias = _first_half(what, weight, bias)
    return LayerGaussian.of(weight, bias, torch.finfo(layer.weight.dtype).eps)


def _first_half(what: str, weight: FloatArray, bias: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the first half of the nodes; raise if the second half does not mirror it."""
    rows = np.column_stack([weight, bias])
    half = len(rows) // 2
    tolerance = 1e-5 * np.abs(rows).max(initial=0.0)
    _checks.require(
        len(rows) % 2 == 0
        and bool(np.abs(rows[:half] + rows[half:]).max(initial=0.0) <= tolerance),
        what,
        "must hold a mirror partner of each node of the first half in the second half",
        "Use activation='abs', or bring the nodes into the order [W; -W].",
    )
    return weight[:half], bias[:half]


def _divided(value: float, unit: float) -> float:
    """Return ``value / unit``; if the unit is 0, infinity, or 0 if the value is 0 too."""
    if unit > 0.0:
        return value / unit
    return float("inf") if value > 0.0 else 0.0
