"""Fixtures for the tests of the kernel, the walks and the landmarks."""

from collections.abc import Callable

import graphtools.graphs
import pytest
import torch

from nbinterp.manifold.kernel import affinities, kernel_matrix
from nbinterp.manifold.search import by_features


@pytest.fixture(autouse=True)
def _reference_in_double(monkeypatch: pytest.MonkeyPatch) -> None:
    """graphtools computes its kernel in float32 where numba is installed."""
    monkeypatch.setattr(graphtools.graphs, "NUMBA_AVAILABLE", False)


@pytest.fixture(scope="session")
def kernel_of() -> Callable[[torch.Tensor, int, float], torch.Tensor]:
    """The kernel of samples among themselves, by exact search."""

    def make(data: torch.Tensor, n_neighbors: int, decay: float) -> torch.Tensor:
        n = len(data)
        search = by_features(data, data, torch.arange(n))
        return kernel_matrix(affinities(search, n_neighbors, decay), n)

    return make
