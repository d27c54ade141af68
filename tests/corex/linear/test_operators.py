"""Both operators that multiply by the correlations."""

import numpy as np
import pytest
import torch

from nbinterp.corex.linear.operators import Dense, Scores, inner, inner_of_all, stack


def both(n=12, p=30, seed=0):
    z = torch.tensor(np.random.default_rng(seed).normal(size=(1, n, p)))
    z = (z - z.mean(1, keepdim=True)) / z.std(1, keepdim=True, correction=0) / n**0.5
    return Scores(z), Dense(z.mT @ z)


def test_both_ways_agree():
    scores, dense = both()
    w = torch.randn(1, 4, 30, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(scores.times(w), dense.times(w))
    torch.testing.assert_close(scores.variances(), dense.variances())


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize("noise", [0.0, 1e-4, 0.36])
def test_coordinates_know_weights_and_products(way, noise):
    product, s = both()[way], both()[1].table
    s_e = (1 - noise) * s + noise * torch.eye(30, dtype=torch.float64)
    rng = np.random.default_rng(1)
    a, b = (torch.tensor(rng.normal(size=(1, 4, 30))) for _ in range(2))
    noise = torch.full((1, 1, 1), noise, dtype=torch.float64)
    va, vb = product.lift(a, noise), product.lift(b, noise)
    torch.testing.assert_close(product.weights(va, noise), a)
    torch.testing.assert_close(product.rho(va, noise), a @ s_e)
    by_row = (a @ s_e * b).sum(-1)
    torch.testing.assert_close(inner(va, vb)[:, 0, :, 0], by_row)
    torch.testing.assert_close(inner_of_all(va, vb).view(-1), by_row.sum(-1))


@pytest.mark.parametrize("way", [0, 1])
def test_stacked_problems_are_padded_with_zeros(way):
    long, short = both(n=12)[way], both(n=7, seed=1)[way]
    columns = [torch.arange(30), torch.tensor([3, 5, 20])]
    stacked = stack([long, short], columns)
    w = torch.zeros(2, 1, 30, dtype=torch.float64)
    w[0] = w[1, 0, 1] = 1.0
    out = stacked.times(w)
    torch.testing.assert_close(out[0], long.times(w[:1])[0])
    one = torch.zeros(1, 1, 30, dtype=torch.float64)
    one[0, 0, 5] = 1.0
    torch.testing.assert_close(out[1, :, :3], short.times(one)[0][:, columns[1]])
    assert (out[1, :, 3:] == 0).all()


@pytest.mark.parametrize("way", [0, 1])
@pytest.mark.parametrize(("noise", "expected"), [(0.0, 2), (1e-3, 2), (0.1, 0)])
def test_copies_are_counted(way, noise, expected):
    x = np.random.default_rng(3).normal(size=(400, 4))
    x[:, 3] = -x[:, 0] + noise * np.random.default_rng(4).normal(size=400)
    z = torch.tensor((x - x.mean(0)) / x.std(0) / 20).unsqueeze(0)
    assert (Scores(z), Dense(z.mT @ z))[way].copies(0.01) == expected
