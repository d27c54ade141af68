"""The alpha-decay kernel: affinities between neighbours, with a bandwidth for each sample."""

from dataclasses import dataclass
from math import log

import torch

from nbinterp._numerics.neighbours import Neighbours
from nbinterp.manifold.search import Search

# Affinities below this are zero, as in the authors' program.
THRESHOLD = 1e-4
# The search starts with this multiple of `n_neighbors`, and asks for more neighbours for samples
# whose kernel reaches beyond the last one found.
_FIRST_LOOK = 4
_GROWTH = 6
# Limit on the entries of a kernel: beyond it, each row keeps its nearest ones. The authors' program
# has no limit, so a thousand copies of one row (from dead ReLU nodes) take a million entries.
_MAX_ENTRIES = 20_000_000


@dataclass(frozen=True)
class Affinities:
    """Non-zero affinities of queries to the rows of a base.

    Parameters
    ----------
    rows, columns : Tensor of shape (n_entries,), int64
        Query and base row of each entry.
    values : Tensor of shape (n_entries,), float64
        Affinities in ``(0, 1]``.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    values: torch.Tensor


def affinities(search: Search, n_neighbors: int, decay: float) -> Affinities:
    """Return the affinities ``exp(-(d / eps)^decay)`` between queries and the rows of a base.

    The bandwidth ``eps`` of a query is the distance to its `n_neighbors`-th neighbour. Affinities
    fall from one to zero around that distance. Rows at distance zero have affinity one, even if the
    bandwidth is zero.

    Parameters
    ----------
    search : Search
        Looks up neighbours of the queries.
    n_neighbors : int
        The neighbour that sets the bandwidth; the farthest one if there are fewer.
    decay : float
        Steepness of the fall; 40 is nearly a step.

    Returns
    -------
    Affinities
        Entries of at least 1e-4.

    References
    ----------
    Moon et al., Visualizing structure and transitions in high-dimensional biological data, Nature
    Biotechnology 2019, equation 2 before symmetrisation.
    """
    if not search.n_others:
        nobody = torch.empty(0, dtype=torch.int64, device=search.device)
        return Affinities(nobody, nobody, nobody.double())
    n_neighbors = min(n_neighbors, search.n_others)
    allowed = _MAX_ENTRIES // max(search.n_queries, search.n_others)
    most = min(search.n_others, max(n_neighbors, allowed))
    reach = (-log(THRESHOLD)) ** (1 / decay)
    parts = []
    k = min(most, _FIRST_LOOK * (n_neighbors + 1))
    pending = torch.arange(search.n_queries, device=search.device)
    while len(pending):
        found = search.find(pending, k)
        # If the last neighbour found is within reach, there may be more.
        done = found.distances[:, -1] > reach * found.distances[:, n_neighbors - 1]
        if k == most:
            done = torch.ones_like(done)
        parts.append(_entries(found, n_neighbors, decay, pending, done))
        pending = pending[~done]
        k = min(most, _GROWTH * k)
    return Affinities(
        torch.cat([part.rows for part in parts]),
        torch.cat([part.columns for part in parts]),
        torch.cat([part.values for part in parts]),
    )


def _entries(
    found: Neighbours, n_neighbors: int, decay: float, rows: torch.Tensor, done: torch.Tensor
) -> Affinities:
    """Return the affinities of the queries whose search is `done`."""
    distances = found.distances[done].double()
    ratio = distances / distances[:, n_neighbors - 1, None]
    ratio = torch.where(distances > 0, ratio, 0)  # 0/0 between duplicates: distance zero
    values = torch.exp(-(ratio**decay))
    kept = values >= THRESHOLD
    return Affinities(
        rows[done, None].expand_as(kept)[kept], found.indices[done][kept], values[kept]
    )


def kernel_matrix(found: Affinities, n: int) -> torch.Tensor:
    """Return the kernel of `n` samples: the mean of the affinities and their transpose.

    Parameters
    ----------
    found : Affinities
        Affinities between different samples, without the diagonal.
    n : int
        Number of samples.

    Returns
    -------
    Tensor of shape (n, n)
        Sparse, symmetric, float64, with a unit diagonal.

    References
    ----------
    Moon et al. 2019, equation 2.

    Examples
    --------
    >>> from nbinterp.manifold.search import by_features
    >>> data, own = torch.arange(6.0)[:, None], torch.arange(6)
    >>> found = affinities(by_features(data, data, own), n_neighbors=1, decay=40)
    >>> kernel_matrix(found, 6).to_dense()[0]
    tensor([1.0000, 0.3679, 0.0000, 0.0000, 0.0000, 0.0000], dtype=torch.float64)
    """
    own = torch.arange(n, device=found.rows.device)
    rows = torch.cat([found.rows, found.columns, own])
    columns = torch.cat([found.columns, found.rows, own])
    half = found.values / 2
    values = torch.cat([half, half, torch.ones(n, dtype=half.dtype, device=half.device)])
    entries = torch.stack([rows, columns])
    return torch.sparse_coo_tensor(entries, values, (n, n), check_invariants=False).coalesce()
