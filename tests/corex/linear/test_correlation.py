"""Correlations of complete data and of pairs with missing entries."""

import numpy as np
import torch

from nbinterp import _device
from nbinterp.corex.linear.correlation import correlation_of, product_of, to_correlation
from nbinterp.corex.linear.gaussianize import learn_columns
from nbinterp.corex.linear.operators import Dense, Scores

CPU = torch.device("cpu")


def correlations(x, way="standard"):
    return correlation_of(learn_columns(x, way), x, CPU).numpy()


def test_complete_data_give_the_correlation_matrix(monkeypatch):
    x = np.random.default_rng(0).normal(size=(100, 6)) @ np.triu(np.ones((6, 6)))
    np.testing.assert_allclose(correlations(x), np.corrcoef(x.T), atol=1e-13)
    monkeypatch.setattr(_device, "rows_per_block", lambda *_: 7)
    np.testing.assert_allclose(correlations(x), np.corrcoef(x.T), atol=1e-13)


def test_missing_entries_do_not_shrink_correlations():
    rng = np.random.default_rng(1)
    x = rng.normal(size=(20000, 1)) + rng.normal(size=(20000, 5))
    x[rng.random(x.shape) < 0.3] = np.nan
    found = correlations(x)
    np.testing.assert_allclose(found[np.triu_indices(5, 1)], 0.5, atol=0.03)
    np.testing.assert_allclose(np.diag(found), 1)


def test_pairwise_correlations_are_made_a_proper_matrix():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(12, 1)) + 0.1 * rng.normal(size=(12, 15))
    x[rng.random(x.shape) < 0.4] = np.nan
    x[:, 3] = 1.0
    found = correlations(x)
    assert np.linalg.eigvalsh(found)[0] > -1e-12
    np.testing.assert_allclose(np.diag(found), [0.0 if i == 3 else 1.0 for i in range(15)])
    assert np.abs(found).max() <= 1 + 1e-12


def test_columns_never_seen_together_count_as_uncorrelated():
    x = np.full((20, 2), np.nan)
    x[:10, 0] = x[10:, 1] = np.arange(10)
    np.testing.assert_allclose(correlations(x), np.eye(2))


def test_to_correlation_keeps_constants_apart():
    matrix, scale = to_correlation(np.array([[4.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 0.0]]))
    np.testing.assert_allclose(matrix, [[1, 0.5, 0], [0.5, 1, 0], [0, 0, 0]])
    np.testing.assert_allclose(scale, [2, 1, 0])


def test_few_samples_are_kept_as_scores():
    rng = np.random.default_rng(5)
    wide, tall = rng.normal(size=(20, 60)), rng.normal(size=(60, 20))
    kept, formed = (product_of(learn_columns(x, "standard"), x, CPU) for x in (wide, tall))
    assert isinstance(kept, Scores)
    assert isinstance(formed, Dense)
    np.testing.assert_allclose((kept.table.mT @ kept.table)[0], np.corrcoef(wide.T), atol=1e-12)
    wide[0, 0] = np.nan
    assert isinstance(product_of(learn_columns(wide, "standard"), wide, CPU), Dense)
