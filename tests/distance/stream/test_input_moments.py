import numpy as np
import torch

from nbinterp.distance.stream.input_moments import InputSums


def test_batches_give_the_moments_of_all():
    data = np.random.default_rng(0).normal(size=(500, 6)) ** 3 + np.arange(6) * 100.0
    data = data[np.argsort(data[:, 0])]  # the first batch is not like the rest
    sums = InputSums(fourth=True)
    for rows in torch.as_tensor(data).split(33):
        sums.add(rows)
    found = sums.result()
    u = data - data.mean(0)
    np.testing.assert_allclose(found.mean, data.mean(0), rtol=1e-14)
    np.testing.assert_allclose(found.products, u.T @ u, rtol=1e-11, atol=1e-9)
    np.testing.assert_allclose(found.fourth, ((u**2).sum(1) ** 2).sum(), rtol=1e-11)
    assert found.count == 500


def test_a_large_mean_costs_no_digits_and_a_constant_feature_stays_one():
    noise = np.random.default_rng(0).normal(size=(400, 2))
    data = np.c_[noise + 1e6, np.full(400, 0.1)]
    sums = InputSums(fourth=False)
    for rows in torch.as_tensor(data).split(50):
        sums.add(rows)
    found = sums.result().products.numpy()
    np.testing.assert_allclose(np.diag(found)[:2], 400 * noise.var(0), rtol=1e-8)
    assert found[2, 2] <= 400 * (1e-15) ** 2
