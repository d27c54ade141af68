"""Multidimensional scaling: points whose distances are as given."""

from dataclasses import dataclass
from functools import partial

import numpy as np
import torch

from nbinterp._numerics.eigen import leading_eigenpairs
from nbinterp._numerics.parallel import parallel_map, thread_pool
from nbinterp.manifold.diffusion import MOST_IN_FLOAT64

# Above this many points the leading axes are found by subspace iteration.
_DENSE_EIGH = 600
_N_PRODUCTS = 15
# Iterations between two looks at the stress, each of which waits for the device.
_PATIENCE = 10
# Distances that stay in a processor's cache while they become pulls.
_CACHED_BYTES = 2**20
# Share of the squared distances below which an error, a stress-1 of 0.003, is as good as none.
_NEGLIGIBLE = 1e-5


@dataclass(frozen=True)
class Scaling:
    """Where SMACOF ended.

    Parameters
    ----------
    points : Tensor of shape (n, n_components)
        Coordinates, in units of the distances given.
    converged : bool
        Whether the stress came to rest.
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

    0 is a perfect fit, 1 none.
    """
    found = distances(points)
    lengths = (found**2).sum() * (target**2).sum()
    share = (found * target).sum() ** 2 / lengths
    misfit = torch.where(lengths > 0, (1 - share).clamp(min=0).sqrt(), (target > 0).any().double())
    return float(misfit)


def classical_mds(
    target: torch.Tensor, n_components: int, random: np.random.RandomState
) -> torch.Tensor:
    """Return the classical scaling: leading axes of the doubly centred squared distances.

    The start of the authors' program lacks the factor -1/2 and the square root, which scales its
    axes by twice their eigenvalues; this is Torgerson's.

    Parameters
    ----------
    target : Tensor of shape (n, n)
        Distances.
    n_components : int
        Axes; those without positive eigenvalue are zero.
    random : RandomState
        What the iteration for many points starts from.

    Returns
    -------
    Tensor of shape (n, n_components)
        Centred, axes of falling variance, the largest coordinate of each positive.
    """
    working = target.float() if len(target) > MOST_IN_FLOAT64 else target  # where SMACOF starts
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
    """Return points of least squared error in their distances, by majorisation.

    Parameters
    ----------
    target : Tensor of shape (n, n)
        Distances.
    start : Tensor of shape (n, n_components)
        Where to begin; classical scaling is good.
    max_iter : int
        Iterations at most.
    tol : float
        Converged when an iteration lowers the sum of squared errors by less than this share of
        it, or of 1e-5 of the sum of squared distances if that is more.

    Returns
    -------
    Scaling
        Centred points on their principal axes.

    References
    ----------
    de Leeuw, Applications of convex analysis to multidimensional scaling, 1977: the Guttman
    transform never raises the error. De Leeuw, Heiser, Multidimensional scaling with restrictions
    on the configuration, 1980: nor does going twice as far, which takes half the iterations.
    """
    # Positions need fewer digits than errors, which are summed in float64.
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
    """Return the sum over pairs, each counted twice, of squared errors in distance."""
    return float(distances(points).sub_(target).square_().sum(dtype=torch.float64))


def guttman(target: torch.Tensor, points: torch.Tensor) -> torch.Tensor:
    """Return the Guttman transform: every point drawn by, or pushed from, every other."""
    points = points - points.mean(0)
    lengths = (points * points).sum(1, keepdim=True)
    # Points as close as rounding have no direction from each other.
    kind = torch.finfo(points.dtype)
    least = (kind.eps * lengths.max()).clamp(min=kind.tiny)
    # Bordered so that one product gives all squared distances, and one all sums of pulls.
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
        sums = right[:-1] @ pull.T  # this way round, as products with few columns are slow
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
