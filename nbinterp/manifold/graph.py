"""The neighbour graph of the samples and the walk on it; neither depends on the map."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from nbinterp._numerics.pca import Reduction, principal_components
from nbinterp._numerics.tree import suits_a_tree
from nbinterp._state import HasState, fields
from nbinterp._typing import FloatingArray
from nbinterp.manifold.diffusion import (
    DiffusionOperator,
    diffusion_operator,
    spectrum,
    von_neumann_entropy,
)
from nbinterp.manifold.distinct import distinct_rows
from nbinterp.manifold.kernel import affinities, kernel_matrix
from nbinterp.manifold.landmarks import find_landmarks
from nbinterp.manifold.search import Search, by_cells, by_distances, by_features, by_list

# Below this many samples the exact search is as fast.
_CELLS_ABOVE = 20_000


@dataclass(frozen=True)
class Graph(HasState):
    """The neighbour graph of the samples; equal samples are one.

    Parameters
    ----------
    kernel : Tensor of shape (n, n)
        Sparse affinities of the distinct samples.
    recall : float
        Share of true neighbours that the search found, estimated on some samples; 1 if exact.
    reduction : Reduction or None
        Reduces the features before the neighbour search; None if distances were given.
    base : Tensor of shape (n, k) or None
        The reduced samples.
    place : Tensor of shape (n_samples,), int64, or None
        Which of the ``n`` distinct samples each sample is; None if all differ.
    """

    kernel: torch.Tensor
    recall: float
    reduction: Reduction | None = None
    base: torch.Tensor | None = None
    place: torch.Tensor | None = None

    _STATE = fields("kernel recall reduction base place")

    def of_all(self, rows: torch.Tensor) -> torch.Tensor:
        """Return the rows of all samples from those of the distinct ones."""
        return rows if self.place is None else rows[self.place]

    def distinct(self, distances: Any) -> Any:
        """Return the columns of the distinct samples from distances to all of them."""
        if self.place is None:
            return distances
        first = np.unique(self.place.cpu().numpy(), return_index=True)[1]
        return distances[:, first]


@dataclass(frozen=True)
class Walk(HasState):
    """The walk on a graph, between its samples or between landmarks.

    Parameters
    ----------
    operator : DiffusionOperator
        Transition probabilities.
    entropy : ndarray of shape (100,)
        Von Neumann entropy of its powers, in nats.
    labels : Tensor of shape (n,), int64
        The state of each sample: its landmark, or itself.
    weights : Tensor of shape (n, n_landmarks) or None
        Writes each sample as a mean of landmarks; None if the states are the samples.
    """

    operator: DiffusionOperator
    entropy: FloatingArray
    labels: torch.Tensor
    weights: torch.Tensor | None

    _STATE = fields("operator entropy labels weights")


def graph_of_features(
    data: torch.Tensor,
    n_pca: int | None,
    n_neighbors: int,
    decay: float,
    random: np.random.RandomState,
    *,
    exact: bool,
) -> Graph:
    """Return the neighbour graph of samples from their features."""
    data, place = _distinct(data)
    n = len(data)
    reduction = principal_components(data, n_pca, random)
    base = reduction(data)
    recall = [1.0]
    if exact or n <= _CELLS_ABOVE or suits_a_tree(base):
        search = by_features(base, base, torch.arange(n, device=base.device))
    else:
        search, recall = by_cells(base, random)
    kernel = kernel_matrix(affinities(search, n_neighbors, decay), n)
    return Graph(kernel, recall[0], reduction, base, place)


def graph_of_distances(
    distances: Any, n_neighbors: int, decay: float, device: torch.device
) -> Graph:
    """Return the neighbour graph of samples from their distances, dense or sparse."""
    place = None
    if isinstance(distances, np.ndarray):
        distances, place = _distinct(torch.as_tensor(distances, device=device), square=True)
    search = search_distances(distances, device, among_themselves=True)
    kernel = kernel_matrix(affinities(search, n_neighbors, decay), distances.shape[0])
    return Graph(kernel, 1.0, place=place)


def _distinct(
    data: torch.Tensor, *, square: bool = False
) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Return the distinct rows, of a `square` matrix also these columns, and which each row is."""
    found = distinct_rows(data)
    if len(found.first) == len(data):
        return data, None
    rows = data[found.first]
    return rows[:, found.first] if square else rows, found.place


def search_distances(distances: Any, device: torch.device, *, among_themselves: bool) -> Search:
    """Return a neighbour search in a dense or sparse matrix of distances."""
    if isinstance(distances, np.ndarray | torch.Tensor):
        dense = torch.as_tensor(distances, device=device)
        return by_distances(dense, among_themselves=among_themselves)
    return by_list(distances, among_themselves=among_themselves, device=device)


def walk_on(graph: Graph, n_landmarks: int | None, random: np.random.RandomState) -> Walk:
    """Return the walk on a graph, between landmarks if it has over `n_landmarks` samples."""
    n = graph.kernel.shape[0]
    if n_landmarks is not None and n > n_landmarks:
        found = find_landmarks(graph.kernel, n_landmarks, random)
        operator, labels, weights = found.operator, found.labels, found.weights
    else:
        operator = diffusion_operator(graph.kernel)
        labels, weights = torch.arange(n, device=graph.kernel.device), None
    return Walk(operator, von_neumann_entropy(spectrum(operator)), labels, weights)
