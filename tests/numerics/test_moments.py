"""Moments of batches, against NumPy's and SciPy's of all rows at once."""

import numpy as np
import pytest
import torch
from scipy import stats

from nbinterp._numerics.moments import Moments

KINDS = pytest.mark.parametrize("kind", [np.asarray, torch.as_tensor], ids=["numpy", "torch"])


def moments(data, size, kind=np.asarray, codes=None, **settings):
    found = Moments(**settings)
    for start in range(0, len(data), size):
        part = slice(start, start + size)
        found.add(kind(data[part]), None if codes is None else kind(codes[part]))
    return found


@KINDS
def test_batches_give_the_products_and_lengths_of_all(kind):
    data = np.random.default_rng(0).normal(size=(500, 6)) ** 3 + np.arange(6) * 100.0
    data = data[np.argsort(data[:, 0])]  # the first batch is not like the rest
    found = moments(data, 33, kind, products=True, lengths=True)
    u = data - data.mean(0)
    np.testing.assert_allclose(found.mean[0], data.mean(0), rtol=1e-14)
    np.testing.assert_allclose(found.products, u.T @ u, rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(found.covariance, np.cov(data.T, bias=True), rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found.fourth, ((u**2).sum(1) ** 2).sum(), rtol=1e-11)
    assert found.count.tolist() == [500]


@KINDS
def test_a_large_mean_costs_no_digits_and_a_constant_column_stays_one(kind):
    noise = np.random.default_rng(0).normal(size=(400, 2))
    data = np.c_[noise + 1e6, np.full(400, 0.1)]
    for size in (50, 7, 1):
        found = np.asarray(moments(data, size, kind, products=True).products)
        np.testing.assert_allclose(np.diag(found)[:2], 400 * noise.var(0), rtol=1e-8)
        assert found[2, 2] <= 400 * (1e-15) ** 2


def test_a_first_batch_far_away_costs_no_digits():
    data = np.random.default_rng(0).normal(size=(1000, 3)) + 1e7
    data[:10] = 0.0
    found = moments(data, 10, order=4, products=True, lengths=True)
    u = data - data.mean(0)
    np.testing.assert_allclose(found.products, u.T @ u, rtol=1e-12)
    np.testing.assert_allclose(found.powers[2][0], (u**4).sum(0), rtol=1e-12)
    np.testing.assert_allclose(found.fourth, ((u**2).sum(1) ** 2).sum(), rtol=1e-12)


@KINDS
def test_batches_give_the_moments_of_each_group_and_of_all(kind):
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, 400)
    codes[:100] = 0  # a batch without the others
    z = rng.exponential(size=(400, 5)) + 3 * codes[:, None] - 1
    found = moments(z, 37, kind, codes, n_groups=4, order=4)
    skewness, kurtosis = found.shape(np.zeros(5))
    for group in range(3):
        mine = z[codes == group]
        np.testing.assert_allclose(found.mean[group], mine.mean(0))
        np.testing.assert_allclose(found.variance[group], mine.var(0))
        np.testing.assert_allclose(skewness[group], stats.skew(mine))
        np.testing.assert_allclose(kurtosis[group], stats.kurtosis(mine))
    assert (found.count[3], found.variance[3].sum(), skewness[3].sum()) == (0, 0, 0)
    np.testing.assert_allclose(found.groups(found.count > 0).mean, found.mean[:3])
    whole = found.pooled()
    np.testing.assert_allclose(whole.mean[0], z.mean(0))
    np.testing.assert_allclose(whole.variance[0], z.var(0))
    np.testing.assert_allclose(whole.shape(np.zeros(5))[1][0], stats.kurtosis(z))


@KINDS
def test_a_share_of_all_or_none_is_exact(kind):
    codes = np.random.default_rng(0).integers(0, 3, 1000)
    flags = np.c_[np.ones(1000), np.zeros(1000), codes == 1]
    found = moments(flags, 37, kind, codes, n_groups=3).mean
    assert found[:, :2].tolist() == [[1.0, 0.0]] * 3
    assert found[:, 2].tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_row_at_a_time_gives_the_mean_and_its_error(dtype):
    rows = np.random.default_rng(0).normal(size=(9, 2, 3, 3)).astype(dtype) + 5
    found = Moments(order=2)
    for row in rows:
        found.add_one(torch.tensor(row))
    assert found.mean.dtype == torch.as_tensor(rows).dtype
    np.testing.assert_allclose(found.mean[0], rows.mean(0), rtol=1e-6)
    error = rows.astype(float).std(0, ddof=1) / 3
    np.testing.assert_allclose(found.standard_error[0], error, rtol=1e-4, atol=1e-7)
