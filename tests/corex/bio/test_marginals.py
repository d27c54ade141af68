"""The two families of columns: estimates in closed form, and their shrinkage."""

import numpy as np
import pytest
import torch
from scipy.stats import norm

from nbinterp.corex.bio.marginals import Block, Discrete, Gaussian

EVERYTHING = slice(0, None)


def gaussian(columns, floor=0.01):
    scores = torch.as_tensor(columns)
    return Gaussian(
        scores, torch.full((len(scores),), floor, dtype=scores.dtype), scores.pow(4).nanmean(1)
    )


def discrete(codes):
    codes = torch.as_tensor(codes)
    levels = int(codes.max()) + 1
    marginal = torch.stack([(codes == v).sum(1) / (codes >= 0).sum(1) for v in range(levels)], 1)
    marginal = marginal.to(torch.float64)
    return Discrete(codes, (marginal > 0).sum(1).to(torch.float64), marginal)


def standard(rng, p, n):
    x = rng.normal(size=(p, n))
    return (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)


def estimates(family, q, smooth=False):
    block = Block(EVERYTHING, (family.statistics(EVERYTHING),), kept=False)
    (sums,) = block.sums(q)
    return block, family.estimate(sums, block.sums(q * q)[0] if smooth else None)


def log_likelihoods(family, q, smooth=False):
    block, coefficients = estimates(family, q, smooth)
    return block.each([coefficients])


def test_gaussian_states_have_weighted_means_and_variances():
    rng = np.random.default_rng(0)
    x = standard(rng, 3, 50)
    q = rng.dirichlet(np.ones(2), 50).T
    got = log_likelihoods(gaussian(x), torch.as_tensor(q)).numpy()
    for i, c in np.ndindex(3, 2):
        mean = np.average(x[i], weights=q[c])
        variance = (q[c] * (x[i] - mean) ** 2).sum() / (q[c].sum() - 1)
        constant = 0.5 * np.log(2 * np.pi)
        np.testing.assert_allclose(
            got[i, c], norm.logpdf(x[i], mean, np.sqrt(variance)) + constant, atol=1e-12
        )


def test_discrete_states_have_weighted_frequencies():
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 3, (2, 40))
    codes[1] = np.minimum(codes[1], 1)  # a column with fewer levels than another
    q = rng.dirichlet(np.ones(2), 40).T
    got = log_likelihoods(discrete(codes), torch.as_tensor(q)).exp().numpy()
    for i, c in np.ndindex(2, 2):
        counts = np.array([q[c][codes[i] == v].sum() + 0.001 for v in range(3 - i)])
        np.testing.assert_allclose(got[i, c], (counts / counts.sum())[codes[i]], atol=1e-12)


def test_a_missing_entry_says_nothing():
    rng = np.random.default_rng(0)
    x, codes = standard(rng, 2, 30), rng.integers(0, 2, (2, 30))
    x[0, 3] = np.nan
    codes[1, 4] = -1
    q = torch.as_tensor(rng.dirichlet(np.ones(3), 30).T)
    statistics = tuple(f.statistics(EVERYTHING) for f in (gaussian(x), discrete(codes)))
    block = Block(EVERYTHING, statistics, kept=False)
    coefficients = [estimates(family, q)[1] for family in (gaussian(x), discrete(codes))]
    each = block.each(coefficients)
    assert (each[0, :, 3] == 0).all() and (each[3, :, 4] == 0).all()
    torch.testing.assert_close(block.total(coefficients), each.sum(0))


@pytest.mark.parametrize("smooth", [False, True])
def test_an_empty_state_and_an_empty_column_stay_finite(smooth):
    x = standard(np.random.default_rng(0), 2, 20)
    x[1] = np.nan
    q = torch.stack([torch.ones(20), torch.zeros(20)]).to(torch.float64)
    family = Gaussian(torch.as_tensor(x), torch.full((2,), 0.01).double(), torch.ones(2).double())
    _, coefficients = estimates(family, q, smooth)
    assert coefficients.isfinite().all()
    assert (coefficients[0, 1] == coefficients[1, 1]).all()
    codes = np.full((1, 20), -1)
    empty = Discrete(torch.as_tensor(codes), torch.zeros(1).double(), torch.zeros(1, 2).double())
    assert (estimates(empty, q, smooth)[1] == 0).all()


def test_no_state_is_narrower_than_the_floor():
    x = standard(np.random.default_rng(0), 1, 100)
    q = torch.as_tensor(np.stack([x[0] > 2.0, x[0] <= 2.0]).astype(float))
    _, coefficients = estimates(gaussian(x, floor=0.3), q)
    assert (-0.5 / coefficients[:, 0, 2] >= 0.3 - 1e-12).all()


def states_by_chance(rng, draws, n):
    """Responsibilities that have nothing to do with any column."""
    q = rng.dirichlet(np.ones(2), n).T
    return torch.as_tensor(np.stack([q[:, rng.permutation(n)] for _ in range(draws)]))


def test_the_closed_form_errors_of_means_and_variances_are_those_of_chance():
    rng = np.random.default_rng(1)
    n = 200
    x = standard(rng, 1, n)
    q = states_by_chance(rng, 4000, n)
    count = q.sum(-1)
    mean = (q @ torch.as_tensor(x[0])) / count
    variance = ((q @ torch.as_tensor(x[0] ** 2)) - count * mean**2) / (count - 1)
    closed = (q * q).sum(-1)[0] / count[0] ** 2
    # Permutations draw without replacement, which takes N / n of the error away.
    draw = 1.0 - count[0] ** 2 / (q * q).sum(-1)[0] / n
    np.testing.assert_allclose(mean.var(0), closed * draw, rtol=0.1)
    excess = (gaussian(x).kurtosis - 1.0) * closed * draw
    np.testing.assert_allclose(variance.var(0), excess, rtol=0.15)


def test_the_closed_form_expectation_of_the_likelihood_ratio_is_that_of_chance():
    rng = np.random.default_rng(1)
    n = 300
    family = discrete(rng.integers(0, 4, (1, n)))
    q = states_by_chance(rng, 2000, n)
    (counts,) = Block(EVERYTHING, (family.statistics(EVERYTHING),), kept=False).sums(q)
    expected = counts.sum(-1, keepdim=True) * family.marginal
    ratio = 2.0 * (counts * (counts / expected).log()).sum((-3, -1)).mean()
    spread = ((q * q).sum(-1) / q.sum(-1)).sum(-1)[0] - 1.0
    assert float(ratio) == pytest.approx(float(3.0 * spread), rel=0.05)


@pytest.mark.parametrize("kind", ["gaussian", "discrete"])
def test_smoothing_shrinks_chance_and_spares_a_real_difference(kind):
    rng = np.random.default_rng(2)
    groups = rng.integers(0, 2, 400)
    chance, real = rng.normal(size=400), groups + 0.3 * rng.normal(size=400)
    x = np.stack([chance, real])
    x = (x - x.mean(1, keepdims=True)) / x.std(1, keepdims=True)
    family = gaussian(x) if kind == "gaussian" else discrete((x > 0).astype(int))
    q = torch.as_tensor(np.stack([groups == 0, groups == 1]).astype(float))
    plain, smooth = (log_likelihoods(family, q, each) for each in (False, True))
    plain, smooth = ((each[:, 1] - each[:, 0]).abs().mean(-1) for each in (plain, smooth))
    assert smooth[0] < 0.9 * plain[0]
    assert smooth[1] == pytest.approx(float(plain[1]), rel=0.05)
