"""Multidimensional scaling: find points with given distances."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from nbinterp._numerics.eigen import leading_eigenpairs
from nbinterp._numerics.parallel import parallel_map, thread_pool
from nbinterp.manifold.diffusion import MOST_IN_FLOAT64

# Above this many points, subspace iteration finds the leading axes.
_DENSE_EIGH = 600
_N_PRODUCTS = 15
# Iterations between two checks of the stress, which wait for the device.
_PATIENCE = 10
# Number of distances that stay in the processor's cache.
_CACHED_BYTES = 2**20
# Errors below this share of the squared distances (a stress-1 of 0.003) count as zero.
_NEGLIGIBLE = 1e-5


@dataclass(frozen=True)
class Scaling:
    """The result of SMACOF.

    Parameters
    ----------
    points : Tensor of shape (n, n_components)
        Coordinates, in units of the distances given.
    converged : bool
        Whether the stress converged.
    n_iter : int
        Iterations done.
    """

    points: torch.Tensor
    converged: bool
    n_iter: int


def distances(points: torch.Tensor) -> torch.Tensor:
    """Return the Euclidean distances ``(n, n)`` between rows, zero on the diagonal."""
    centred = points - points.mean(0)
    lengths = (centred * centred).sum(1)
    squared = torch.addmm(lengths, centred, centred.T, alpha=-2).add_(lengths[:, None])
    return squared.clamp_(min=0).fill_diagonal_(0).sqrt_()


def stress(target: torch.Tensor, points: torch.Tensor) -> float:
    """Return Kruskal's stress-1 of `points`, at the scale that fits the distances best.

    0 is a perfect fit, 1 is no fit.
    """
    found = distances(points)
    lengths = (found**2).sum() * (target**2).sum()
    share = (found * target).sum() ** 2 / lengths
    misfit = torch.where(lengths > 0, (1 - share).clamp(min=0).sqrt(), (target > 0).any().double())
    return float(misfit)


def classical_mds(
    target: torch.Tensor, n_components: int, random: np.random.RandomState
) -> torch.Tensor:
    """Return Torgerson's classical scaling: leading axes of the doubly centred squared distances.

    The authors' program omits the factor -1/2 and the square root in its start, so its axes are
    scaled by twice their eigenvalues.

    Parameters
    ----------
    target : Tensor of shape (n, n)
        Distances.
    n_components : int
        Number of axes; axes without a positive eigenvalue are zero.
    random : RandomState
        Draws the start of the iteration for many points.

    Returns
    -------
    Tensor of shape (n, n_components)
        Centred, with axes by decreasing variance; the largest coordinate of each axis is positive.
    """
    working = target.float() if len(target) > MOST_IN_FLOAT64 else target  # only a start for SMACOF
    squared = working.square()
    means = squared.mean(0)
    gram = -(squared - means - means[:, None] + means.mean()) / 2
    if len(gram) <= _DENSE_EIGH:
        values, vectors = torch.linalg.eigh(gram)
    else:
        values, vectors = leading_eigenpairs(
            lambda block: gram @ block,
            len(gram),
            2 * n_components + 10,
            random,
            n_iter=_N_PRODUCTS,
            like=gram,
        )
    order = values.argsort(descending=True)[:n_components]
    axes = (vectors[:, order] * values[order].clamp(min=0).sqrt()).to(target.dtype)
    return _upright(torch.nn.functional.pad(axes, (0, n_components - axes.shape[1])))


def smacof(target: torch.Tensor, start: torch.Tensor, max_iter: int, tol: float) -> Scaling:
    """Return points that minimise the squared error of their distances, by majorisation.

    Parameters
    ----------
    target : Tensor of shape (n, n)
        Distances.
    start : Tensor of shape (n, n_components)
        Start, for example from classical scaling.
    max_iter : int
        Maximum number of iterations.
    tol : float
        Converged when an iteration lowers the sum of squared errors by less than this share of it,
        or of 1e-5 times the sum of squared distances if that is larger.

    Returns
    -------
    Scaling
        Centred points on their principal axes.

    References
    ----------
    de Leeuw, Applications of convex analysis to multidimensional scaling, 1977: the Guttman
    transform never increases the error. De Leeuw, Heiser, Multidimensional scaling with
    restrictions on the configuration, 1980: a step of twice the length does not increase it either,
    and halves the number of iterations.
    """
    # float32 is enough for positions; errors are summed in float64.
    dtype = torch.float32 if len(target) > MOST_IN_FLOAT64 else target.dtype
    target, points = target.to(dtype), start.to(dtype)
    floor = _NEGLIGIBLE * float(target.square().sum(dtype=torch.float64))
    n_iter, converged, before = 0, False, torch.inf
    while n_iter < max_iter and not converged:
        with thread_pool(points.device):
            for _ in range(min(_PATIENCE, max_iter - n_iter) - 1):
                points = 2 * guttman(target, points) - points
                n_iter += 1
            points = guttman(target, points)
            n_iter += 1
        error = squared_error(target, points)
        converged = before - error <= _PATIENCE * tol * max(error, floor)
        before = error
    return Scaling(_principal(points.to(start.dtype)), converged, n_iter)


def squared_error(target: torch.Tensor, points: torch.Tensor) -> float:
    """Return the sum of squared errors of distances over all pairs, each counted twice."""
    return float(distances(points).sub_(target).square_().sum(dtype=torch.float64))


def guttman(target: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the Guttman transform of the points."""
    points = points - points.mean(0)
    lengths = (points * points).sum(1, keepdim=True)
    # The direction between points closer than rounding is unknown.
    kind = torch.finfo(points.dtype)
    least = (kind.eps * lengths.max()).clamp(min=kind.tiny)
    # With borders, one product gives all squared distances, and another sums all pulls.
    ones = torch.ones_like(lengths)
    left = torch.cat([-2 * points, lengths, ones], dim=1)
    right = torch.cat([points, ones, lengths], dim=1).T.contiguous()
    n = len(points)
    step = n
    if points.device.type == "cpu":
        step = max(1, min(n, _CACHED_BYTES // (n * points.element_size())))

    def pulled(start: int) -> torch.Tensor:
        rows = slice(start, start + step)
        pull = (left[rows] @ right).clamp_(min=least).rsqrt_().mul_(target[rows])
        sums = right[:-1] @ pull.T  # in this order, as products with few columns are slow
        return sums[-1] * points[rows].T - sums[:-1]

    parts = [partial(pulled, start) for start in range(0, n, step)]
    return torch.cat(parallel_map(parts, points.device), dim=1).T / n


def _principal(points: torch.Tensor) -> torch.Tensor:
    """Return centred points on their principal axes."""
    centred = points - points.mean(0)
    axes = torch.linalg.eigh(centred.T @ centred).eigenvectors.flip(1)
    return _upright(centred @ axes)


def _upright(points: torch.Tensor) -> torch.Tensor:
    """Return points with the largest coordinate of each axis made positive."""
    largest = points.gather(0, points.abs().argmax(0, keepdim=True))
    return torch.where(largest < 0, -points, points)
