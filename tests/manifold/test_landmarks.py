"""The walk between landmarks, against dense algebra and graphtools."""

import graphtools
import numpy as np
import pytest
import torch

from nbinterp.manifold.kernel import Affinities, affinities
from nbinterp.manifold.landmarks import (
    find_landmarks,
    group_sums,
    landmark_operator,
    normalised,
    spectral_features,
)
from nbinterp.manifold.search import by_features


@pytest.fixture(scope="module")
def data():
    return np.random.RandomState(0).standard_normal((400, 6))


@pytest.fixture(scope="module")
def kernel(data, kernel_of):
    return kernel_of(torch.as_tensor(data), 5, 40)


def test_landmarks_of_real_samples(kernel):
    found = find_landmarks(kernel, 30, np.random.RandomState(0))
    assert torch.equal(found.labels.unique(), torch.arange(30))
    ones = torch.ones(400, dtype=torch.float64)
    torch.testing.assert_close(found.weights.to_dense().sum(1), ones)
    torch.testing.assert_close(found.operator.matrix.sum(1), ones[:30])
    flow = found.operator.mass[:, None] * found.operator.matrix
    torch.testing.assert_close(flow, flow.T)


def test_operator_is_that_of_graphtools_for_its_clusters(data, kernel_of):
    graph = graphtools.Graph(
        data, knn=5, decay=40, n_pca=None, n_landmark=25, random_state=0, verbose=0
    )
    theirs = np.asarray(graph.landmark_op)
    kernel = kernel_of(torch.as_tensor(data), 5, 40)
    rows, columns = kernel.indices()
    labels = torch.as_tensor(graph.clusters)
    sums = group_sums(Affinities(rows, columns, kernel.values()), labels, len(data))
    np.testing.assert_allclose(landmark_operator(sums).matrix, theirs, atol=1e-12)
    np.testing.assert_allclose(normalised(sums).to_dense(), graph.transitions.toarray(), atol=1e-12)


def test_weights_of_new_samples_are_those_of_graphtools(data):
    new = np.random.RandomState(5).standard_normal((40, 6))
    graph = graphtools.Graph(
        data, knn=5, decay=40, n_pca=None, n_landmark=25, random_state=0, verbose=0
    )
    theirs = graph.extend_to_data(new)
    assert graph.landmark_op is not None
    search = by_features(torch.as_tensor(new), torch.as_tensor(data), None)
    found = affinities(search, 5, 40)
    ours = normalised(group_sums(found, torch.as_tensor(graph.clusters), len(new)))
    np.testing.assert_allclose(ours.to_dense(), theirs.toarray(), atol=1e-9)


def test_features_are_the_walk_on_its_leading_modes(kernel):
    features = spectral_features(kernel, np.random.RandomState(0)).double()
    dense = kernel.to_dense()
    degrees = dense.sum(1)
    symmetric = dense / (degrees[:, None] * degrees).sqrt()
    values, vectors = torch.linalg.eigh(symmetric)
    leading = vectors[:, values.abs().argsort(descending=True)[:100]]
    exact = dense / degrees[:, None] @ leading
    # Modes are unique up to rotation within close eigenvalues: compare the subspaces they span.
    kept, _ = torch.linalg.qr(exact[:, :15])
    own, _ = torch.linalg.qr(features)
    assert torch.linalg.svdvals(kept.T @ own).min() > 0.99


def test_fewer_distinct_samples_than_landmarks(kernel_of):
    data = torch.as_tensor(np.random.RandomState(0).standard_normal((8, 2))).repeat(10, 1)
    found = find_landmarks(kernel_of(data, 5, 40), 20, np.random.RandomState(0))
    assert found.operator.matrix.isfinite().all()
    assert found.operator.matrix.shape[0] == int(found.labels.max()) + 1
