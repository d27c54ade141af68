"""The objective against its definition, the gradient against autograd and finite differences."""

import numpy as np
import pytest
import torch
from corex.known_covariances import gaussian_total_correlation, random_correlation

from nbinterp.corex import LinearCorEx
from nbinterp.corex.linear.objective import half_gradient, information, moments


def world(seed, k=3, m=4, p=9):
    rng = np.random.default_rng(seed)
    s = torch.tensor(np.stack([random_correlation(p, rng) for _ in range(k)]))
    w = torch.tensor(rng.standard_normal((k, m, p)))
    w *= (0.6 / ((w @ s) * w).sum(-1, keepdim=True)).sqrt()
    return s, w


def slow_objective(w, s):
    """The objective from expectations: minus the log errors of the modular conditional means."""
    m, p = w.shape
    u = np.array([w[j] @ s @ w[j] for j in range(m)])
    rho = w @ s
    cross = np.array([[1.0 if j == k else w[j] @ s @ w[k] for k in range(m)] for j in range(m)])
    total = 0.5 * np.log(1 - u).sum()
    for i in range(p):
        b = rho[:, i] / (1 - rho[:, i] ** 2)
        r = rho[:, i] @ b
        # mu_i = b'z / (1 + r) with unit-variance z: E (x_i - mu_i)^2.
        error = 1 - 2 * r / (1 + r) + b @ cross @ b / (1 + r) ** 2
        total -= 0.5 * np.log(error)
    return total


@pytest.mark.parametrize("seed", range(3))
def test_objective_is_minus_the_log_errors(seed):
    s, w = world(seed)
    fast = moments(w, w @ s).total_correlation
    slow = [slow_objective(wk, sk) for wk, sk in zip(w.numpy(), s.numpy(), strict=True)]
    np.testing.assert_allclose(fast, slow, rtol=1e-12)


def test_gradient_is_half_gradient_times_s():
    s, w = world(1)
    w.requires_grad_()
    at = moments(w, w @ s)
    (auto,) = torch.autograd.grad(-at.total_correlation.sum(), w)
    with torch.no_grad():
        ours = half_gradient(w, at) @ s
    torch.testing.assert_close(ours, auto, rtol=1e-10, atol=1e-10)


def test_gradient_by_finite_differences():
    s, w = world(2, k=1)
    ours = (half_gradient(w, moments(w, w @ s)) @ s)[0].numpy()
    step = 1e-6
    for j, i in [(0, 0), (1, 4), (3, 8)]:
        up, down = w[0].numpy().copy(), w[0].numpy().copy()
        up[j, i] += step
        down[j, i] -= step
        slope = (slow_objective(down, s[0].numpy()) - slow_objective(up, s[0].numpy())) / (2 * step)
        assert slope == pytest.approx(ours[j, i], abs=1e-7)


@pytest.mark.parametrize("seed", range(20))
def test_lower_bounds(seed):
    s, w = world(seed, k=1)
    measures = information(w[0], w[0] @ s[0])
    total = gaussian_total_correlation(s[0].numpy())
    assert measures.total_correlation <= total + 1e-12
    assert measures.no_overlap <= measures.total_correlation + 1e-12
    assert measures.direct <= total + 1e-12


def test_measures_agree_with_one_another():
    s, w = world(5, k=1)
    measures = information(w[0], w[0] @ s[0])
    at = moments(w, w @ s)
    rho = (w @ s)[0]
    torch.testing.assert_close(measures.mutual_information, -0.5 * torch.log1p(-rho * rho))
    torch.testing.assert_close(
        measures.total_correlations,
        measures.mutual_information.sum(1) + 0.5 * torch.log1p(-at.u[0]),
    )
    # The sums of the two definitions differ by what factors say twice.
    assert measures.additivity == pytest.approx(
        float(measures.total_correlations.sum()) - measures.direct
    )


def test_infeasible_weights_have_no_value():
    s, w = world(0)
    assert moments(3.0 * w, 3.0 * w @ s).total_correlation.isnan().all()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("floor", [0.0, 1e-4, 0.01])
def test_what_factors_say_together_is_at_least_the_bound(floor, seed):
    # Few samples and no noise: a factor is a copy of a column to eight digits.
    x = np.random.default_rng(seed).normal(size=(8, 5))
    fit = LinearCorEx(3, noise_floor=floor, random_state=seed).fit(x)
    assert fit.total_correlation_direct_ >= fit.total_correlation_ - 1e-9
