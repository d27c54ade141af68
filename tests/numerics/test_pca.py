"""Principal components against scikit-learn's, in both of their forms."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from nbinterp._numerics import pca


@pytest.mark.parametrize("formed", [4000, 0])
@pytest.mark.parametrize("scale", [1.0, 1e160])
def test_spans_the_leading_components(monkeypatch, formed, scale):
    monkeypatch.setattr(pca, "_MOST_FEATURES_FORMED", formed)
    random = np.random.RandomState(0)
    data = random.standard_normal((200, 30)) * 0.7 ** np.arange(30) + 5
    reduction = pca.principal_components(torch.as_tensor(data * scale), 4, random)
    ours = reduction(torch.as_tensor(data * scale)).numpy() * float(reduction.scale) / scale
    theirs = PCA(4).fit_transform(data)
    np.testing.assert_allclose(np.abs(ours), np.abs(theirs), atol=1e-6)


@pytest.mark.parametrize("n_components", [None, 30, 100])
def test_keeps_the_features_where_nothing_is_saved(n_components):
    data = torch.as_tensor(np.random.RandomState(0).standard_normal((200, 30)))
    reduction = pca.principal_components(data, n_components, np.random.RandomState(0))
    torch.testing.assert_close(reduction(data) * reduction.scale, data - data.mean(0))


def test_constant_data():
    data = torch.full((5, 3), 7.0)
    assert (pca.principal_components(data, 2, np.random.RandomState(0))(data) == 0).all()


def test_blocks_of_rows_change_nothing(monkeypatch):
    X = torch.as_tensor(np.random.RandomState(0).standard_normal((90, 7)) + 5)
    reduce = pca.principal_components(X, 3, np.random.RandomState(0))
    whole = reduce(X)
    monkeypatch.setattr(pca, "_CACHED_BYTES", 10 * 7 * 8)
    torch.testing.assert_close(reduce(X), whole)
