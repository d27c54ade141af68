"""The batched iteration against the authors' update, written a second time and slowly."""

import numpy as np
import pytest
import torch
from corex.known_covariances import MODULAR, random_correlation

from nbinterp.corex.correlation import to_correlation
from nbinterp.corex.linear_update import Dense, anneal, direction, noisy, rescale
from nbinterp.corex.moments import half_gradient, moments


def slow_step(w, x, epsilon):
    """One update of the authors' program from samples `x`, before the line search.

    Returns the direction and the derivative of minus the total correlation along it.
    """
    n, p = x.shape
    m = len(w)

    def times(a):
        return (1 - epsilon**2) * (a @ x.T @ x) / n + epsilon**2 * a

    rho = times(w)
    u = np.array([w[j] @ rho[j] for j in range(m)])
    rest = 1 - u
    ry = w @ rho.T
    np.fill_diagonal(ry, 1)
    invrho = 1 / (1 - rho**2)
    b = rho * invrho
    big_q = ry @ b
    s = (rho * b).sum(0)
    q = (b * (big_q - s * rho)).sum(0)
    h = (b / (1 + q)) @ b.T
    np.fill_diagonal(h, 0)
    g = np.zeros((m, p))
    for j in range(m):
        for i in range(p):
            g[j, i] = (
                w[j, i] / rest[j]
                - 2 * invrho[j, i] * b[j, i] / (1 + s[i])
                + invrho[j, i] ** 2
                * ((1 + rho[j, i] ** 2) * big_q[j, i] - 2 * rho[j, i] * s[i])
                / (1 + q[i])
                + sum(h[j, k] * w[k, i] for k in range(m))
            )
    way = np.zeros((m, p))
    for j in range(m):
        pull = (rho[j] * g[j]).sum()
        way[j] = -rest[j] * (g[j] - 2 * w[j] / (2 - rest[j]) * pull)
    return way, (times(g) * way).sum()


@pytest.mark.parametrize("epsilon", [0.0, 0.36])
def test_direction_is_the_authors(epsilon):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 12)) + rng.standard_normal((40, 12))
    x = (x - x.mean(0)) / x.std(0)
    w = rng.standard_normal((4, 12))
    w *= np.sqrt(0.5 / ((w @ x.T) ** 2).mean(1))[:, None]
    slow_way, slow_slope = slow_step(w, x, epsilon)

    product = Dense(torch.tensor(x.T @ x / len(x)).unsqueeze(0))
    noise = torch.tensor([epsilon], dtype=torch.float64)
    wt = torch.tensor(w).unsqueeze(0)
    rho = noisy(product, wt, noise)
    at = moments(wt, rho)
    g = half_gradient(wt, rho, at)
    g_s = noisy(product, g, noise)
    way, way_s = direction(wt, rho, at.u, g, g_s)
    np.testing.assert_allclose(way[0], slow_way, atol=1e-11)
    assert float((g_s * way).sum()) == pytest.approx(slow_slope, rel=1e-11)
    # The product of the direction with S needs no product of its own.
    torch.testing.assert_close(way_s, noisy(product, way, noise), rtol=1e-10, atol=1e-11)


def start(s, m, seed):
    w = torch.tensor(np.random.default_rng(seed).standard_normal((len(s), m, s.shape[-1])))
    return w / (10 * ((w @ s) * w).sum(-1, keepdim=True).sqrt())


def solve(s, w, schedule=(0.6, 0.36, 0.1, 0.0), tol=1e-9, max_iter=5000):
    schedule = np.array(schedule)
    tolerance = np.full((len(w), len(schedule)), tol)
    return anneal(Dense(s), w, schedule, tolerance, max_iter)


def test_rescale_never_raises_u():
    rng = np.random.default_rng(3)
    s = torch.tensor(random_correlation(8, rng)).unsqueeze(0)
    w = 7.0 * start(s, 3, 0)
    product = Dense(s)
    before = (noisy(product, w, torch.tensor([0.6]).double()) * w).sum(-1)
    scaled, rho = rescale(product, w, before, torch.tensor([0.36]).double())
    after = (rho * scaled).sum(-1)
    assert (after <= before).all()
    torch.testing.assert_close(after, before, rtol=1e-2, atol=0)


def test_total_correlation_never_falls_within_a_stage():
    rng = np.random.default_rng(4)
    s = torch.tensor(np.stack([random_correlation(15, rng) for _ in range(3)]))
    for solution in solve(s, start(s, 4, 1)):
        assert solution.converged
        assert len(solution.history) == 4
        for stage in solution.history:
            assert (np.diff(stage) >= -1e-12).all()


def test_a_batch_is_its_problems_one_by_one():
    rng = np.random.default_rng(5)
    easy = to_correlation(MODULAR)[0]
    s = torch.tensor(np.stack([easy, random_correlation(25, rng), np.eye(25)]))
    w = start(s, 5, 2)
    together = solve(s, w)
    for k, solution in enumerate(together):
        (alone,) = solve(s[k : k + 1], w[k : k + 1])
        assert alone.n_iter == solution.n_iter
        torch.testing.assert_close(solution.weights, alone.weights, rtol=1e-7, atol=1e-8)


def test_padding_stays_zero_and_changes_nothing():
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    w = start(s, 5, 0)
    wide_s, wide_w = torch.zeros(1, 30, 30).double(), torch.zeros(1, 5, 30).double()
    wide_s[:, :25, :25], wide_w[..., :25] = s, w
    (narrow,), (wide,) = solve(s, w), solve(wide_s, wide_w)
    assert (wide.weights[:, 25:] == 0).all()
    torch.testing.assert_close(wide.weights[:, :25], narrow.weights, rtol=1e-7, atol=1e-8)


def test_max_iter_is_reported():
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    (solution,) = solve(s, start(s, 5, 0), tol=1e-14, max_iter=5)
    assert not solution.converged
    assert solution.n_iter == 20
