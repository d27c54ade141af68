"""The minimum of a quadratic function in a ball, exactly: the trust-region subproblem."""

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor

from nbinterp._typing import FloatArray
from nbinterp.interactions.smooth.low_rank import Symmetric


def step_within(matrix: Symmetric, gradient: Tensor, radius: Tensor, *, maximize: bool) -> Tensor:
    """Return the step that lowers the quadratic function most, or raises it, within `radius`.

    The radius is one number, or one for each input: in units of these the ellipsoid is a ball.
    """
    unit = radius.expand(len(gradient))
    values, vectors = matrix.scaled(unit).eigenpairs(len(unit))
    sign = -1.0 if maximize else 1.0
    eigenvalues, basis, slope = (
        part.to("cpu", torch.float64).numpy()
        for part in (sign * values, vectors, sign * gradient * unit)
    )
    return torch.from_numpy(minimize(eigenvalues, basis, slope, 1.0)).to(unit) * unit


def minimize(
    values: FloatArray, vectors: FloatArray, gradient: FloatArray, radius: float
) -> FloatArray:
    """Return the δ with ‖δ‖ ≤ `radius` that minimizes ``gᵀδ + ½ δᵀHδ``.

    The secular equation is solved in the eigenvectors of H (Moré and Sorensen 1983), including its
    hard case. SmoothHess's authors solve a relaxation.

    Parameters
    ----------
    values : ndarray of shape (k,)
        Eigenvalues of H; the remaining d - k are zero.
    vectors : ndarray of shape (d, k)
        Their orthonormal eigenvectors.
    gradient : ndarray of shape (d,)
        g.
    radius : float
        Radius of the ball.

    Returns
    -------
    ndarray of shape (d,)

    References
    ----------
    Moré and Sorensen, "Computing a trust region step", SIAM Journal on Scientific and Statistical
    Computing 4 (1983).

    Examples
    --------
    >>> import numpy as np
    >>> minimize(np.array([-1.0, 1.0]), np.eye(2), np.array([0.0, 1.0]), 1.0).round(3)
    array([ 0.866, -0.5  ])
    """
    eigen, basis = _with_gradient(values, vectors, gradient)
    step: FloatArray = basis @ _in_eigenvectors(eigen, basis.T @ gradient, radius)
    return step


def _in_eigenvectors(eigen: FloatArray, g: FloatArray, radius: float) -> FloatArray:
    floor = max(0.0, -float(eigen.min()))
    slope = float(np.linalg.norm(g)) / radius
    tiny = 1e-12 * max(float(np.abs(eigen).max()), slope)

    def step(shift: float) -> FloatArray:
        # At the floor some denominators are zero; those coordinates stay out of the step.
        bottom = eigen + shift
        out: FloatArray = np.divide(-g, bottom, out=np.zeros_like(g), where=bottom > 0.5 * tiny)
        return out

    def excess(shift: float) -> float:
        return 1.0 / radius - 1.0 / float(np.linalg.norm(step(shift)))

    low = floor + tiny
    if float(np.linalg.norm(step(low))) <= radius:
        edge = step(floor)
        # Inside the ball; in the hard case, continue along the lowest eigenvector to the sphere.
        if floor > 0.0:
            lowest = int(eigen.argmin())
            edge[lowest] = 0.0
            length = np.sqrt(max(radius**2 - float(edge @ edge), 0.0))
            edge[lowest] = -length if g[lowest] > 0 else length
        return edge
    shift = brentq(excess, low, floor + 1.001 * slope + tiny, xtol=1e-15 * slope, rtol=1e-14)
    return _onto(step(shift), radius)


def _onto(step: FloatArray, radius: float) -> FloatArray:
    return step * (radius / float(np.linalg.norm(step)))


def _with_gradient(
    values: FloatArray, vectors: FloatArray, gradient: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return eigenpairs that span `gradient` too: its remainder gets the eigenvalue zero."""
    d, k = vectors.shape
    if k == d:
        return values, vectors
    remainder = gradient - vectors @ (vectors.T @ gradient)
    remainder -= vectors @ (vectors.T @ remainder)
    length = float(np.linalg.norm(remainder))
    if length <= 1e-12 * max(float(np.linalg.norm(gradient)), 1e-300):
        return values, vectors
    return np.append(values, 0.0), np.column_stack([vectors, remainder / length])
