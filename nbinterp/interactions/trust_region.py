"""The lowest point of a quadratic function in a ball: the trust-region subproblem, exactly."""

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

Vector = npt.NDArray[np.float64]


def minimize(
    values: Vector, vectors: npt.NDArray[np.float64], gradient: Vector, radius: float
) -> Vector:
    """Return the δ with ‖δ‖ ≤ `radius` that minimizes ``gᵀδ + ½ δᵀHδ``.

    Solved by the secular equation in the eigenvectors of H (Moré and Sorensen 1983), its hard case
    included; SmoothHess's authors solve a relaxation of it.

    Parameters
    ----------
    values : ndarray of shape (k,)
        Eigenvalues of H; all others are zero.
    vectors : ndarray of shape (d, k)
        Their eigenvectors, at right angles.
    gradient : ndarray of shape (d,)
        g.
    radius : float
        Of the ball.

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
    eigen, basis = _with_rest(values, vectors, gradient)
    step: Vector = basis @ _in_eigenvectors(eigen, basis.T @ gradient, radius)
    return step


def _in_eigenvectors(eigen: Vector, g: Vector, radius: float) -> Vector:
    floor = max(0.0, -float(eigen.min()))
    tiny = 1e-12 * max(1.0, float(np.abs(eigen).max()))

    def step(shift: float) -> Vector:
        # Where both are zero there is nothing to gain: 0 / 0 is 0.
        bottom = eigen + shift
        out: Vector = np.divide(-g, bottom, out=np.zeros_like(g), where=np.abs(bottom) > tiny)
        return out

    def excess(shift: float) -> float:
        return 1.0 / radius - 1.0 / float(np.linalg.norm(step(shift)))

    steepest = np.abs(g[np.abs(eigen + floor) <= tiny]).max(initial=0.0)
    edge = step(floor)
    if steepest <= 1e-10 * np.linalg.norm(g) and np.linalg.norm(edge) <= radius:
        # Inside the ball; or the hard case: on along the lowest eigenvector to the sphere.
        if floor > 0.0:
            edge[int(eigen.argmin())] += np.sqrt(max(radius**2 - float(edge @ edge), 0.0))
        return edge
    low, high = floor + tiny, floor + float(np.linalg.norm(g)) / radius + tiny
    # A root that is closer to the floor than figures can tell is taken at the floor.
    shift = brentq(excess, low, high, xtol=1e-15, rtol=1e-14) if excess(low) > 0.0 else low
    return _onto(step(shift), radius)


def _onto(step: Vector, radius: float) -> Vector:
    return step * (radius / float(np.linalg.norm(step)))


def _with_rest(
    values: Vector, vectors: npt.NDArray[np.float64], gradient: Vector
) -> tuple[Vector, npt.NDArray[np.float64]]:
    """Return eigenpairs that also span `gradient`, and some direction of curvature zero if any."""
    d, k = vectors.shape
    if k == d:
        return values, vectors
    rest = gradient - vectors @ (vectors.T @ gradient)
    rest -= vectors @ (vectors.T @ rest)
    length = float(np.linalg.norm(rest))
    if length <= 1e-12 * max(float(np.linalg.norm(gradient)), 1e-300):
        return values, vectors
    return np.append(values, 0.0), np.column_stack([vectors, rest / length])
