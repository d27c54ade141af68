"""All neighbour searches agree."""

import numpy as np
import pytest
import scipy.sparse
import torch
from sklearn.neighbors import kneighbors_graph

from nbinterp.manifold.search import by_cells, by_distances, by_features, by_list


@pytest.fixture(scope="module")
def data():
    return torch.as_tensor(np.random.RandomState(0).standard_normal((80, 4)))


def test_features_distances_and_lists_agree(data):
    rows, own = torch.tensor([3, 50, 7]), torch.arange(80)
    expected = by_features(data, data, own).find(rows, 5)
    dense = torch.cdist(data, data).fill_diagonal_(0)
    listed = kneighbors_graph(data.numpy(), 9, mode="distance")
    for search in (
        by_distances(dense, among_themselves=True),
        by_list(listed, among_themselves=True, device=data.device),
    ):
        found = search.find(rows, 5)
        assert torch.equal(found.indices, expected.indices)
        torch.testing.assert_close(found.distances, expected.distances)
    assert (dense.diagonal() == 0).all()  # the caller's matrix is left as it was


def test_lists_of_different_lengths_are_filled_up():
    listed = scipy.sparse.csr_matrix(([2.0, 1.0, 3.0], ([0, 0, 1], [1, 2, 0])), shape=(3, 3))
    search = by_list(listed, among_themselves=True, device=torch.device("cpu"))
    found = search.find(torch.arange(3), 2)
    assert found.indices[0].tolist() == [2, 1]
    assert found.distances.tolist() == [[1, 2], [3, np.inf], [np.inf, np.inf]]


def test_cells_tell_their_recall_and_search_again_exactly(data):
    search, recall = by_cells(data, np.random.RandomState(0))
    search.find(torch.arange(80), 5)
    assert 0.99 <= recall[0] <= 1
    rows = torch.tensor([4, 9])
    expected = by_features(data, data, torch.arange(80)).find(rows, 20)
    assert torch.equal(search.find(rows, 20).indices, expected.indices)
