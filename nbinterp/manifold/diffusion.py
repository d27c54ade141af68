"""Random walks on the kernel: their transition matrix, number of steps and potentials."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import torch

from nbinterp._numerics.parallel import interruptible
from nbinterp._numerics.symmetric import symmetric_product
from nbinterp._state import HasState, fields
from nbinterp._typing import FloatingArray

# The automatic choice of t considers walks of up to this many steps.
T_MAX = 100
# Larger operators are handled in float32: the floor below hides smaller digits anyway.
MOST_IN_FLOAT64 = 600
# Added to probabilities before the logarithm, as in the authors' program.
_FLOOR = 1e-7


@dataclass(frozen=True)
class DiffusionOperator(HasState):
    """A reversible random walk.

    Parameters
    ----------
    matrix : Tensor of shape (n, n)
        Transition probabilities; rows sum to one.
    mass : Tensor of shape (n,)
        ``mass[i] * matrix[i, j]`` is symmetric.
    """

    matrix: torch.Tensor
    mass: torch.Tensor

    _STATE = fields("matrix mass")


def diffusion_operator(kernel: torch.Tensor) -> DiffusionOperator:
    """Return the random walk on a symmetric kernel: each row divided by its sum."""
    dense = kernel.to_dense()
    mass = dense.sum(1)
    return DiffusionOperator(dense / mass[:, None], mass)


def spectrum(operator: DiffusionOperator) -> torch.Tensor:
    """Return the moduli of the operator's eigenvalues ``(n,)``, from its symmetric form.

    The paper defines the entropy by eigenvalues. The authors' program uses the singular values of
    the operator instead, which differ from its eigenvalues.
    """
    symmetric = _symmetric(operator)[0]
    values: torch.Tensor = interruptible(
        partial(torch.linalg.eigvalsh, symmetric), symmetric.device
    )
    moduli: torch.Tensor = values.abs()
    return moduli


def _symmetric(operator: DiffusionOperator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the operator's symmetric form, and the root of its mass, which converts back."""
    root = operator.mass.sqrt()
    symmetric = root[:, None] * operator.matrix / root
    return _working((symmetric + symmetric.T) / 2), _working(root)


def von_neumann_entropy(moduli: torch.Tensor, t_max: int = T_MAX) -> FloatingArray:
    """Return the von Neumann entropy of the walk's powers 1 to `t_max`.

    Parameters
    ----------
    moduli : Tensor of shape (n,)
        Moduli of the eigenvalues.
    t_max : int
        Highest power.

    Returns
    -------
    ndarray of shape (t_max,)
        In nats (1 nat is 1.44 bits); entry ``t`` belongs to power ``t + 1``.

    References
    ----------
    Moon et al. 2019, von Neumann entropy of the diffusion operator (Methods).

    Examples
    --------
    >>> float(von_neumann_entropy(torch.ones(4), 3)[0].round(4))  # log 4
    1.3863
    """
    powers = torch.arange(1, t_max + 1, dtype=torch.float64, device=moduli.device)
    weights = moduli.double().clamp(max=1) ** powers[:, None]
    shares = weights / weights.sum(1, keepdim=True)
    entropy: FloatingArray = -torch.special.xlogy(shares, shares).sum(1).cpu().numpy()
    return entropy


def knee_point(values: npt.ArrayLike) -> int:
    """Return the index where two straight lines fit a curve best.

    Each line is fitted to its part by least squares; both parts contain the knee. The knee is the
    index with the smallest sum of absolute residuals.

    Examples
    --------
    >>> knee_point(np.exp(-np.arange(20) / 10))
    8
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.arange(len(y), dtype=np.float64)
    # The authors' program also fits the right line to the point left of the knee.
    breaks = range(1, len(y) - 1)
    errors = [_misfit(x[: b + 1], y[: b + 1]) + _misfit(x[b:], y[b:]) for b in breaks]
    return 1 + int(np.argmin(errors))


def _misfit(x: FloatingArray, y: FloatingArray) -> float:
    """Return the sum of absolute residuals of the least-squares line."""
    x, y = x - x.mean(), y - y.mean()
    return float(np.abs(y - (x @ y) / (x @ x) * x).sum())


def power(matrix: torch.Tensor, t: int) -> torch.Tensor:
    """Return ``matrix^t`` of a symmetric matrix by repeated squaring."""
    if t == 1:
        return matrix
    half = power(matrix, t // 2)
    squared = symmetric_product(half, half)
    return symmetric_product(squared, matrix) if t % 2 else squared


def potential(operator: DiffusionOperator, t: int, gamma: float) -> torch.Tensor:
    """Return the potentials of walks of `t` steps; the map preserves distances between them.

    Parameters
    ----------
    operator : DiffusionOperator
        The walk.
    t : int
        Steps.
    gamma : float
        From -1 to 1: 1 takes the logarithm, 0 the square root, -1 the probabilities themselves.

    Returns
    -------
    Tensor of shape (n, n)
        Rows are the potentials; in float32 if the operator is large.

    References
    ----------
    Moon et al. 2019, equation 5 and its generalisation to other informational distances.
    """
    symmetric, root = _symmetric(operator)
    walked = power(symmetric, t) * root / root[:, None]
    if gamma == 1:
        return -torch.log(walked + _FLOOR)
    if gamma == -1:
        return walked
    exponent = (1 - gamma) / 2
    return walked**exponent / exponent


def _working(matrix: torch.Tensor) -> torch.Tensor:
    """Return a matrix in the precision used for its powers and spectrum."""
    return matrix.float() if len(matrix) > MOST_IN_FLOAT64 else matrix
