"""The step against a slow replica of the authors' update."""

import numpy as np
import pytest
import torch
from corex.known_covariances import random_correlation

from nbinterp.corex.linear.objective import half_gradient, moments
from nbinterp.corex.linear.operators import Dense, inner_of_all
from nbinterp.corex.linear.update import Preconditioner, noisy, rescale


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
    direction = np.zeros((m, p))
    for j in range(m):
        pull = (rho[j] * g[j]).sum()
        direction[j] = -rest[j] * (g[j] - 2 * w[j] / (2 - rest[j]) * pull)
    return direction, (times(g) * direction).sum()


@pytest.mark.parametrize("epsilon", [0.0, 0.36])
def test_step_is_the_authors(epsilon):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 3)) @ rng.standard_normal((3, 12)) + rng.standard_normal((40, 12))
    x = (x - x.mean(0)) / x.std(0)
    w = rng.standard_normal((4, 12))
    w *= np.sqrt(0.5 / ((w @ x.T) ** 2).mean(1))[:, None]
    slow_direction, slow_slope = slow_step(w, x, epsilon)

    product = Dense(torch.tensor(x.T @ x / len(x)).unsqueeze(0))
    noise = torch.tensor([epsilon], dtype=torch.float64)
    wt = torch.tensor(w).unsqueeze(0)
    rho = noisy(product, wt, noise)
    at = moments(wt, rho)
    strength = (noise * noise).view(-1, 1, 1)
    g = product.lift(half_gradient(wt, at), strength)
    precondition = Preconditioner(product.lift(wt, strength), at.u)
    up = precondition(g)
    direction, direction_s = -up.unbind(1)[0], -up.unbind(1)[1]
    g_s = g[:, 1]
    np.testing.assert_allclose(direction[0], slow_direction, atol=1e-11)
    assert float((g_s * direction).sum()) == pytest.approx(slow_slope, rel=1e-11)
    # The product of the direction with S needs no product of its own.
    torch.testing.assert_close(
        direction_s, noisy(product, direction, noise), rtol=1e-10, atol=1e-11
    )

    length = float(precondition.length(g))
    assert length == pytest.approx(float(inner_of_all(up, g)), rel=1e-11)
    precondition.scale(torch.full((1, 1, 1, 1), -0.5).double())
    torch.testing.assert_close(precondition(g), -0.5 * up, rtol=1e-12, atol=0)
    assert float(precondition.length(g)) == length


def test_rescale_never_raises_u():
    rng = np.random.default_rng(3)
    s = torch.tensor(random_correlation(8, rng)).unsqueeze(0)
    w = torch.tensor(rng.standard_normal((1, 3, 8)))
    w *= (0.5 / ((w @ s) * w).sum(-1, keepdim=True)).sqrt()
    product = Dense(s)
    before = (noisy(product, w, torch.tensor([0.6]).double()) * w).sum(-1)
    scaled, rho = rescale(product, w, before, torch.tensor([0.36]).double())
    after = (rho * scaled).sum(-1)
    assert (after <= before).all()
    torch.testing.assert_close(after, before, rtol=1e-2, atol=0)
