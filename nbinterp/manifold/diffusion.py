"""Diffusion: random walks on the kernel, how long they should be, and what they reveal."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from nbinterp._numerics.symmetric import symmetric_product
from nbinterp._state import HasState, fields
from nbinterp._typing import FloatingArray

# Walks of up to this many steps are considered by the automatic choice.
T_MAX = 100
# Larger operators are worked on in float32: what is below the floor is lost anyhow.
MOST_IN_FLOAT64 = 600
# Added to probabilities under the logarithm, as in the authors' program.
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
    """Return the walk on a symmetric kernel: each row divided by its sum."""
    dense = kernel.to_dense()
    mass = dense.sum(1)
    return DiffusionOperator(dense / mass[:, None], mass)


def spectrum(operator: DiffusionOperator) -> torch.Tensor:
    """Return the moduli of the operator's eigenvalues ``(n,)``, from those of its symmetric form.

    The authors' program takes singular values of the operator instead. Those of a reversible walk
    are not its eigenvalues, which the paper's entropy is made of.
    """
    moduli: torch.Tensor = torch.linalg.eigvalsh(_symmetric(operator)[0]).abs()
    return moduli


def _symmetric(operator: DiffusionOperator) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the operator's symmetric form, and the root of its mass, which leads back."""
    root = operator.mass.sqrt()
    symmetric = root[:, None] * operator.matrix / root
    return _working((symmetric + symmetric.T) / 2), _working(root)


def von_neumann_entropy(moduli: torch.Tensor, t_max: int = T_MAX) -> FloatingArray:
    """Return the entropy of the spectrum of the walk for its powers 1 to `t_max`.

    Parameters
    ----------
    moduli : Tensor of shape (n,)
        Moduli of the eigenvalues.
    t_max : int
        Highest power.

    Returns
    -------
    ndarray of shape (t_max,)
        Nats; entry ``t`` is that of power ``t + 1``.

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
    """Return the index where a curve is best broken into two straight lines.

    Each part, which both hold the break, is fitted by least squares; the break is the one with
    the least sum of absolute residuals.

    Examples
    --------
    >>> knee_point(np.exp(-np.arange(20) / 10))
    8
    """
    y = np.asarray(values, dtype=np.float64)
    x = np.arange(len(y), dtype=np.float64)
    # The authors' program fits the right line to one point more, left of the break.
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
    """Return the potential of walks of `t` steps, whose distances the embedding keeps.

    Parameters
    ----------
    operator : DiffusionOperator
        The walk.
    t : int
        Steps.
    gamma : float
        Between -1 and 1: 1 is the logarithm, 0 the square root, -1 the probabilities.

    Returns
    -------
    Tensor of shape (n, n)
        Rows are the potentials; in float32 if the operator is large.

    References
    ----------
    Moon et al. 2019, equation 5, and its generalisation to other informational distances.
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
    """Return an operator in the precision that its powers and spectrum are computed in."""
    return matrix.float() if len(matrix) > MOST_IN_FLOAT64 else matrix
