"""The alpha-decay kernel: a slow replica, graphtools, and hostile data."""

import graphtools
import numpy as np
import pytest
import torch

from nbinterp.manifold import kernel
from nbinterp.manifold.kernel import affinities
from nbinterp.manifold.search import by_features


def gaussian(n: int, p: int, seed: int = 0) -> torch.Tensor:
    return torch.as_tensor(np.random.RandomState(seed).standard_normal((n, p)))


def replica(data: np.ndarray, n_neighbors: int, decay: float) -> np.ndarray:
    """The kernel written entry by entry."""
    n = len(data)
    found = np.zeros((n, n))
    for i in range(n):
        distances = np.sqrt(((data - data[i]) ** 2).sum(1))
        width = sorted(distances)[n_neighbors]  # the row itself comes first
        for j in range(n):
            value = 1.0 if distances[j] == 0 else np.exp(-((distances[j] / width) ** decay))
            found[i, j] = value if value >= 1e-4 else 0.0
    return (found + found.T) / 2


@pytest.mark.parametrize(("p", "decay"), [(2, 40), (2, 3.5), (30, 40), (30, 10)])
def test_equals_the_replica(p, decay, kernel_of):
    data = gaussian(120, p)
    ours = kernel_of(data, 5, decay).to_dense().numpy()
    np.testing.assert_allclose(ours, replica(data.numpy(), 5, decay), rtol=1e-10, atol=1e-15)


@pytest.mark.parametrize("p", [3, 40])
def test_equals_graphtools(p, kernel_of):
    data = gaussian(300, p)
    ours = kernel_of(data, 5, 40).to_dense().numpy()
    graph = graphtools.Graph(data.numpy(), knn=5, decay=40, thresh=1e-4, n_pca=None, verbose=0)
    np.testing.assert_allclose(ours, graph.kernel.toarray(), rtol=1e-9, atol=1e-12)


def test_is_symmetric_with_unit_diagonal(kernel_of):
    dense = kernel_of(gaussian(150, 6).float(), 5, 40).to_dense()
    assert torch.equal(dense, dense.T)
    assert (dense.diagonal() == 1).all()
    assert dense.max() <= 1


def test_duplicates_are_one_point(kernel_of):
    data = gaussian(20, 2)
    data[:9] = data[0]  # more than neighbours: the width is zero
    dense = kernel_of(data, 5, 40).to_dense()
    assert dense.isfinite().all()
    assert (dense[:9, :9] == 1).all()


def test_a_crowd_of_duplicates_costs_no_more_than_allowed(monkeypatch):
    monkeypatch.setattr(kernel, "_MAX_ENTRIES", 2000)
    data = torch.cat([torch.zeros(150, 2).double(), gaussian(50, 2)])
    found = affinities(by_features(data, data, torch.arange(200)), 5, 40)
    assert len(found.values) <= 2000
    assert (torch.bincount(found.rows, minlength=200) > 0).all()


def test_scale_and_shift_change_nothing(kernel_of):
    data = gaussian(100, 5)
    moved = kernel_of(data * 8 + 3, 5, 40).to_dense()
    torch.testing.assert_close(moved, kernel_of(data, 5, 40).to_dense(), rtol=1e-9, atol=1e-12)
