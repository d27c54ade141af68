"""k-means on the device: greedy k-means++ starts, Lloyd's iterations and restarts."""

from dataclasses import dataclass
from functools import partial
from math import log

import numpy as np
import torch
from sklearn.utils import check_random_state

from nbinterp import _checks, _device
from nbinterp._numerics.parallel import parallel_map
from nbinterp._typing import FloatingArray

# Distances of this size stay in the processor's cache, where the search for the smallest takes a
# quarter less time.
_CACHED_BYTES = 2**20
# New starting centres drawn at a time, as a share of those there are: the last of 2000 hardly
# depends on the one before, and drawing them one by one takes ten times as long.
_DRAWN_AT_A_TIME = 1 / 64
# Iterations between two checks of convergence, which wait for the device.
_PATIENCE = 3
# `rough_centers` draws starts among this many samples per centre.
_SEEDS_PER_CENTER = 3
_ROUGH_ITERATIONS = 4


@dataclass(frozen=True)
class KMeans:
    """The best of the restarts.

    Parameters
    ----------
    labels : Tensor of shape (n_samples,), int64
        The nearest centre of each sample.
    centers : Tensor of shape (n_clusters, n_features)
        The mean of each cluster. With fewer distinct samples than clusters, some clusters are
        empty.
    inertia : float
        Sum of squared distances to the nearest centre, in squared input units.
    n_iter : int
        Number of iterations of the best restart.
    """

    labels: torch.Tensor
    centers: torch.Tensor
    inertia: float
    n_iter: int


@_checks.named
def k_means(
    X: torch.Tensor | FloatingArray,
    n_clusters: int,
    *,
    n_init: int = 10,
    random_state: int | np.random.RandomState | None = None,
    device: str | torch.device = "auto",
    max_iter: int = 300,
    tol: float = 1e-4,
) -> KMeans:
    """Partition samples into `n_clusters` around means.

    Parameters
    ----------
    X : array or Tensor of shape (n_samples, n_features)
        Samples. The computation uses their float precision.
    n_clusters : int
        Number of clusters, at most `n_samples`.
    n_init : int
        Number of restarts; the one with the least inertia is returned.
    random_state : int, RandomState or None
        Draws the starts.
    device : str or torch.device
        Where to compute; "auto" is CUDA if available, else the CPU.
    max_iter : int
        Maximum number of iterations per restart.
    tol : float
        A restart ends when the squared lengths of the moves of its centres sum to less than this
        share of the mean variance of a feature.

    Returns
    -------
    KMeans
        Labels, centres, inertia and iterations of the best restart.

    References
    ----------
    Arthur, Vassilvitskii, k-means++: the advantages of careful seeding, SODA 2007; in the greedy
    form, which tries ``2 + log k`` candidates per centre.

    Examples
    --------
    >>> X = torch.tensor([[0.0], [0.1], [5.0], [5.1]])
    >>> k_means(X, 2, random_state=0).labels.bincount()
    tensor([2, 2])
    """
    data = torch.as_tensor(X, device=_device.resolve(device))
    data = data if data.is_floating_point() else data.float()
    _checks.integer("n_clusters", n_clusters, 1, len(data), of="the number of samples")
    _checks.integer("n_init", n_init, 1)
    random = check_random_state(random_state)
    centre = data.mean(0)
    data = data - centre  # a common offset would cost digits of the distances
    limit = float(tol * data.var(0, correction=0).mean())
    starts = [_plus_plus(data, n_clusters, random) for _ in range(n_init)]
    runs = parallel_map(
        [partial(_lloyd, data, start, max_iter, limit) for start in starts], data.device
    )
    best = min(runs, key=lambda run: run.inertia)
    return KMeans(best.labels, best.centers + centre, best.inertia, best.n_iter)


def rough_centers(
    data: torch.Tensor, n_clusters: int, random: np.random.RandomState, *, n_seen: int
) -> tuple[torch.Tensor, float]:
    """Return rough centres, from `n_seen` samples and a few iterations.

    Parameters
    ----------
    data : Tensor of shape (n_samples, n_features)
        Samples.
    n_clusters : int
        Number of centres, at most `n_samples`.
    random : RandomState
        Draws the samples and the starts.
    n_seen : int
        Number of samples to use.

    Returns
    -------
    centers : Tensor of shape (n_clusters, n_features)
        Centres.
    spread : float
        Mean squared distance of samples from the centres of the iteration before the last.
    """
    seen = _drawn(data, n_seen, random)
    centre = seen.mean(0)
    seen = seen - centre
    start = _plus_plus(_drawn(seen, _SEEDS_PER_CENTER * n_clusters, random), n_clusters, random)
    centers, squared, _ = _moved(seen, start, _ROUGH_ITERATIONS, -1.0)
    return centers + centre, float(squared.mean(dtype=torch.float64))


def _drawn(data: torch.Tensor, n: int, random: np.random.RandomState) -> torch.Tensor:
    """Return `n` random rows, or all rows if there are at most `n`."""
    if n >= len(data):
        return data
    rows = random.choice(len(data), n, replace=False)
    return data[torch.as_tensor(rows, device=data.device)]


def assign(data: torch.Tensor, centers: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return each row's nearest centre, and the squared distance from it."""
    labels = torch.empty(len(data), dtype=torch.int64, device=data.device)
    squared = torch.empty(len(data), dtype=data.dtype, device=data.device)
    lengths = (centers * centers).sum(1)
    bytes_per_row = len(centers) * data.element_size()
    step = _device.rows_per_block(data.device, 2 * bytes_per_row)
    if data.device.type == "cpu":
        step = max(1, min(step, _CACHED_BYTES // bytes_per_row))

    def assign_rows(start: int) -> None:
        block = data[start : start + step]
        least = torch.addmm(lengths, block, centers.T, alpha=-2).min(dim=1)
        labels[start : start + step] = least.indices
        squared[start : start + step] = least.values + (block * block).sum(1)

    parallel_map([partial(assign_rows, start) for start in range(0, len(data), step)], data.device)
    return labels, squared.clamp_(min=0)


def _plus_plus(data: torch.Tensor, k: int, random: np.random.RandomState) -> torch.Tensor:
    """Return `k` starting centres by greedy k-means++."""
    n_trials = 2 + int(log(k))
    draws = torch.as_tensor(random.uniform(size=(k, n_trials)), device=data.device)
    first = torch.as_tensor(random.randint(len(data), size=1), device=data.device)
    lengths = (data * data).sum(1)
    chosen = torch.empty(k, dtype=torch.int64, device=data.device)
    chosen[:1] = first
    closest = _squared_to(data, lengths, first)[0]
    step = 1
    while step < k:
        n_drawn = min(k - step, max(1, int(step * _DRAWN_AT_A_TIME)))
        weights = closest.double().cumsum(0)
        drawn = draws[step] if n_drawn == 1 else draws[step : step + n_drawn, 0]
        candidates = torch.searchsorted(weights, drawn * weights[-1])
        candidates.clamp_(max=len(data) - 1)
        trials = torch.minimum(closest, _squared_to(data, lengths, candidates))
        if n_drawn == 1:
            best = trials.sum(1, dtype=torch.float64).argmin(keepdim=True)
            candidates = candidates.index_select(0, best)
            trials = trials.index_select(0, best)
        chosen[step : step + n_drawn] = candidates
        closest = trials.amin(0)
        step += n_drawn
    return data[chosen]


def _squared_to(data: torch.Tensor, lengths: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Return squared distances ``(len(rows), n)`` from some rows to all rows."""
    products = torch.addmm(lengths, data[rows], data.T, alpha=-2)
    return (products + lengths[rows, None]).clamp_(min=0)


def _lloyd(data: torch.Tensor, centers: torch.Tensor, max_iter: int, limit: float) -> KMeans:
    """Alternate assignment and means until the centres converge."""
    centers, _, n_iter = _moved(data, centers, max_iter, limit)
    labels, _ = assign(data, centers)
    inertia = ((data - centers[labels]) ** 2).sum(dtype=torch.float64)
    return KMeans(labels, centers, float(inertia), n_iter)


def _moved(
    data: torch.Tensor, centers: torch.Tensor, max_iter: int, limit: float
) -> tuple[torch.Tensor, torch.Tensor, int]:
    """Return the moved centres, squared distances from those before, and the iterations."""
    for n_iter in range(1, max_iter + 1):
        labels, squared = assign(data, centers)
        moved = cluster_means(data, labels, squared, len(centers))
        shift = ((moved - centers) ** 2).sum()
        centers = moved
        if n_iter % _PATIENCE == 0 and float(shift) <= limit:
            break
    return centers, squared, n_iter


def cluster_means(
    data: torch.Tensor, labels: torch.Tensor, squared: torch.Tensor, k: int
) -> torch.Tensor:
    """Return the mean of each cluster; an empty one moves to a sample far from its centre."""
    counts = torch.zeros(k, dtype=torch.int64, device=data.device)
    counts.index_add_(0, labels, torch.ones_like(labels))
    if data.device.type == "cpu":
        sums = data.new_zeros((k, data.shape[1])).index_add_(0, labels, data)
    else:  # Scattered sums on this device differ from run to run: sum in the order of rows.
        ordered = data[labels.argsort(stable=True)]
        sums = torch.segment_reduce(ordered, "sum", lengths=counts, unsafe=True)
    empty = counts == 0
    farthest = squared.topk(k).indices
    refuge = data[farthest[empty.cumsum(0).sub(1).clamp(min=0)]]
    return torch.where(empty[:, None], refuge, sums / counts.clamp(min=1)[:, None])
