"""A Gaussian mixture as a torch module: a linear layer, `Abs`, and a sum of squares."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted
from torch import nn

from nbinterp import _checks
from nbinterp._typing import FloatArray
from nbinterp.distance.construct.gaussians import Abs, linear, whitening

if TYPE_CHECKING:
    from sklearn.mixture import GaussianMixture


class MixtureLayers(nn.Module):
    """A Gaussian mixture whose logits are squared distances; made by `mixture_to_layers`.

    Component k is a block of d nodes ``|W_k x + b_k|``. Each node gives the distance from the
    component's mean along one principal component, in standard deviations. The logits are

    ``log π_k - ½ Σ_j log λ_kj - d/2 log 2π - ½ Σ_j |W_k x + b_k|_j²``.

    Attributes
    ----------
    linear : torch.nn.Linear
        From d inputs to ``n_components · d`` nodes, one block after another.
    activation : Abs
        The absolute value after it.
    offset : Tensor of shape (n_components,)
        The first three terms of the logits. They stay those of the original mixture: if `linear`
        is trained further, the logits no longer belong to a density.
    """

    offset: torch.Tensor

    def __init__(self, layer: nn.Linear, offset: torch.Tensor) -> None:
        super().__init__()
        self.linear = layer
        self.activation = Abs()
        self.register_buffer("offset", offset)

    def distances(self, x: torch.Tensor) -> torch.Tensor:
        """Return the Mahalanobis distances (b, n_components) of samples (b, d)."""
        distances: torch.Tensor = self._squares(x).sqrt()
        return distances

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits ``log π_k + log N(x; μ_k, Σ_k)`` (b, n_components), in nats."""
        logits: torch.Tensor = self.offset - 0.5 * self._squares(x)
        return logits

    def responsibilities(self, x: torch.Tensor) -> torch.Tensor:
        """Return the probability of each component given each sample, (b, n_components)."""
        return self.forward(x).softmax(dim=-1)

    def log_density(self, x: torch.Tensor) -> torch.Tensor:
        """Return ``log p(x)`` (b,), in nats."""
        return self.forward(x).logsumexp(dim=-1)

    def _squares(self, x: torch.Tensor) -> torch.Tensor:
        nodes: torch.Tensor = self.activation(self.linear(x))
        blocks = nodes.reshape(*nodes.shape[:-1], len(self.offset), -1)
        return blocks.square().sum(dim=-1)


@_checks.named
def mixture_to_layers(
    mixture: "GaussianMixture | None" = None,
    *,
    means: Any = None,
    covariances: Any = None,
    weights: Any = None,
    dtype: torch.dtype = torch.float64,
) -> MixtureLayers:
    """Return a torch module that computes a Gaussian mixture exactly.

    Parameters
    ----------
    mixture : sklearn.mixture.GaussianMixture, optional
        A fitted mixture with any ``covariance_type``.
    means : array of shape (n_components, d), optional
        Means of the components, instead of `mixture`.
    covariances : array, optional
        Shape (n_components, d, d), or (d, d) if all components share one.
    weights : array of shape (n_components,), optional
        Positive numbers that sum to 1. Equal weights if None.
    dtype : torch.dtype
        Type of the module. In float64 logits are exact up to rounding; call ``.float()`` for
        float32.

    Returns
    -------
    MixtureLayers
        Its outputs are the logits ``log π_k + log N(x; μ_k, Σ_k)``. Their softmax gives the
        responsibilities, their logsumexp the log-density.

    Raises
    ------
    ValueError
        If shapes do not match, weights are not probabilities, or a covariance is singular.
    TypeError
        If `mixture` is not a GaussianMixture.
    sklearn.exceptions.NotFittedError
        If it is not fitted.

    References
    ----------
    Oursland, "Interpreting neural networks through Mahalanobis distance", arXiv 2410.19352 (2024),
    whose logits approximate some of these distances. The identity here is exact.

    Examples
    --------
    >>> import numpy as np, torch
    >>> from nbinterp.distance import mixture_to_layers
    >>> layers = mixture_to_layers(means=[[0.0], [4.0]], covariances=[[1.0]])
    >>> x = torch.tensor([[0.0], [2.0]], dtype=torch.float64)
    >>> layers.responsibilities(x).detach().numpy().round(3)
    array([[1. , 0. ],
           [0.5, 0.5]])
    """
    _checks.require(
        (mixture is None) != (means is None or covariances is None),
        "()",
        "must get either a fitted GaussianMixture, or means and covariances",
        "Pass mixture=..., or both arrays.",
    )
    if mixture is not None:
        means, covariances, weights = _parameters(mixture)
    centres, matrices, shares = _arrays(means, covariances, weights)
    k, d = centres.shape
    blocks = np.stack([whitening(f"covariances[{i}]", matrices[i], d) for i in range(k)])
    bias = -np.einsum("kij,kj->ki", blocks, centres)
    # The determinant of a block is that of Σ^(-1/2).
    offset = np.log(shares) + np.linalg.slogdet(blocks)[1] - 0.5 * d * math.log(2 * math.pi)
    layer = linear(blocks.reshape(k * d, d), bias.ravel(), dtype)
    return MixtureLayers(layer, torch.as_tensor(offset, dtype=dtype))


def _parameters(mixture: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return the means, full covariances and weights of a fitted mixture."""
    from sklearn.mixture import GaussianMixture  # slow to import, rarely needed

    what = f"(mixture={type(mixture).__name__})"
    _checks.require(
        isinstance(mixture, GaussianMixture),
        what,
        "must be a sklearn.mixture.GaussianMixture",
        "Pass means=, covariances= and weights= of other mixtures.",
        TypeError,
    )
    try:
        check_is_fitted(mixture, "means_")
    except NotFittedError:
        _checks.fail(what, "must be fitted", "Call its fit first.", NotFittedError)
    k, d = mixture.means_.shape
    given = np.asarray(mixture.covariances_, dtype=np.float64)
    full = {
        "full": lambda: given,
        "tied": lambda: np.broadcast_to(given, (k, d, d)),
        "diag": lambda: given[:, :, None] * np.eye(d),
        "spherical": lambda: given[:, None, None] * np.eye(d),
    }[mixture.covariance_type]()
    return mixture.means_, full, mixture.weights_


def _arrays(
    means: Any, covariances: Any, weights: Any
) -> tuple[FloatArray, FloatArray, FloatArray]:
    centres = np.asarray(_checks.to_numpy(means), dtype=np.float64)
    _checks.require(
        centres.ndim == 2 and centres.size > 0 and bool(np.isfinite(centres).all()),
        f"(means={_checks.show(means)})",
        "must be finite numbers, one row for each component",
        "Pass an array of shape (n_components, n_features).",
    )
    k, d = centres.shape
    matrices = np.asarray(_checks.to_numpy(covariances), dtype=np.float64)
    _checks.require(
        matrices.shape in ((k, d, d), (d, d)),
        f"(covariances={_checks.show(covariances)})",
        f"must have the shape {(k, d, d)}, or {(d, d)} if components share one",
        "Pass one matrix for each component.",
    )
    shares = np.full(k, 1.0 / k)
    if weights is not None:
        shares = np.asarray(_checks.to_numpy(weights), dtype=np.float64)
    _checks.require(
        shares.shape == (k,) and bool((shares > 0).all()) and abs(shares.sum() - 1.0) < 1e-6,
        f"(weights={_checks.show(weights)})",
        f"must be {k} positive numbers that sum to 1",
        "Leave out components with weight 0, and divide by the sum.",
    )
    return centres, np.broadcast_to(matrices, (k, d, d)), shares
