"""SmoothHess against closed forms (Gaussian smoothing of pieces), and what it refuses."""

import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

from nbinterp.interactions import SmoothHess, smooth_hess

SAMPLINGS = ["plain", "control_variate", "antithetic", "orthogonal", "moment_matched"]
W = torch.tensor([[1.0, -0.5, 0.3], [0.2, 0.8, -1.0]], dtype=torch.float64)
C = torch.tensor([0.1, -0.2], dtype=torch.float64)
AT = torch.tensor([[0.2, -0.1, 0.4]], dtype=torch.float64)
ROOT = np.array([[0.5, 0.0, 0.0], [0.2, 0.4, 0.0], [-0.1, 0.1, 0.3]])
COVARIANCE = ROOT @ ROOT.T


def relus(x):
    """A sum of rectified lines, 2 relu(w0 x + c0) - relu(w1 x + c1)."""
    return torch.relu(x @ W.T + C) @ torch.tensor([2.0, -1.0], dtype=x.dtype)


def smoothed_relus(covariance):
    """Gradient and Hessian of the smoothed `relus` at AT: w Φ(m/s) and w wᵀ φ(m/s)/s."""
    w = W.numpy()
    m = (AT @ W.T + C).numpy()[0]
    s = np.sqrt(np.einsum("ki,ij,kj->k", w, covariance, w))
    a = np.array([2.0, -1.0])
    return (a * norm.cdf(m / s)) @ w, (w.T * (a * norm.pdf(m / s) / s)) @ w


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize(
    ("noise", "covariance"),
    [
        ({"sigma": 0.4}, 0.16 * np.eye(3)),
        ({"sigma": [0.4, 0.2, 0.6]}, np.diag([0.16, 0.04, 0.36])),
        ({"covariance": COVARIANCE}, COVARIANCE),
    ],
    ids=["number", "diagonal", "full"],
)
def test_rectified_lines(noise, covariance, sampling):
    smooth = SmoothHess(**noise, sampling=sampling, n_samples=60_000, random_state=0)
    found = smooth.explain(relus, AT)
    gradient, hessian = smoothed_relus(covariance)
    np.testing.assert_allclose(found.gradient[0], gradient, atol=0.03)
    error = np.linalg.norm(found.hessian[0] - hessian) / np.linalg.norm(hessian)
    assert error < 0.08
    # The error that it tells is about the error that it makes.
    assert error < 5 * found.relative_error[0] + 1e-3


@pytest.mark.parametrize("noise", [{"sigma": 0.7}, {"covariance": COVARIANCE}])
def test_moment_matching_is_exact_for_quadratics(noise):
    a = torch.randn((3, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    a = a + a.T

    def quadratic(x):
        return 0.5 * torch.einsum("bi,ij,bj->b", x, a, x) + x[:, 0]

    smooth = SmoothHess(**noise, sampling="moment_matched", n_samples=64, random_state=0)
    found = smooth.explain(quadratic, AT)
    np.testing.assert_allclose(found.hessian[0], a.numpy(), atol=1e-12)
    np.testing.assert_allclose(found.gradient[0], (AT @ a)[0].numpy() + np.eye(3)[0], atol=1e-12)
    assert found.pmse(1.0, n_samples=100, random_state=0)["SmoothHess"].iloc[0] < 1e-20


def quadrants(x):
    a, b = x[:, 0], x[:, 1]
    k = torch.where(a > 0, torch.where(b > 0, 5.0, 3.0), torch.where(b > 0, -10.0, 12.0))
    return k * a * b


@pytest.mark.parametrize("sigma", [0.05, 1.0])
def test_four_quadrants_at_the_origin(sigma):
    """H12 = mean k = 2.5 and H11 = H22 = (5 + 10 + 12 - 3) / (2π) = 3.82, at any sigma."""
    smooth = SmoothHess(sigma=sigma, n_samples=200_000, random_state=0)
    hessian = smooth.explain(quadrants, torch.zeros(1, 2)).hessian[0]
    np.testing.assert_allclose(hessian, [[3.8197, 2.5], [2.5, 3.8197]], atol=0.08)


def test_a_linear_function_has_none():
    found = SmoothHess(sigma=0.1, random_state=0, n_samples=256).explain(lambda x: x.sum(1), AT)
    np.testing.assert_allclose(found.hessian, 0, atol=1e-12)


def test_groups_are_sums_of_pairs_and_batches_change_nothing():
    options = {"sigma": 0.4, "n_samples": 2000, "random_state": 3}
    whole = SmoothHess(**options).explain(relus, AT.repeat(2, 1))
    members = np.array([[1, 0], [0, 1], [1, 0]])
    grouped = SmoothHess(**options, groups=[0, 1, 0]).explain(relus, AT)
    np.testing.assert_allclose(grouped.hessian[0], members.T @ whole.hessian[0] @ members)
    np.testing.assert_allclose(whole.hessian[0], whole.hessian[1])
    small = SmoothHess(**options, batch_size=7).explain(relus, AT)
    np.testing.assert_allclose(small.hessian[0], whole.hessian[0], atol=1e-12)


def test_what_is_too_wide_is_kept_as_rows(monkeypatch):
    smooth = SmoothHess(sigma=0.4, n_samples=64, random_state=0)
    dense = smooth.explain(relus, AT)
    monkeypatch.setattr(smooth_hess, "WIDEST_MATRIX", 2)
    rows = smooth.explain(relus, AT)
    assert rows.hessian is None
    np.testing.assert_allclose(rows.product(np.eye(3)), dense.hessian[0], atol=1e-12)
    np.testing.assert_allclose(rows.eigenpairs(2)[0], dense.eigenpairs(2)[0], atol=1e-12)
    assert rows.pair([1, 0, 0], [0, 1, 0]) == pytest.approx(dense.hessian[0][0, 1])


def test_a_tolerance_ends_early_and_says_whether_it_was_reached():
    options = {"sigma": 0.4, "sampling": "orthogonal", "random_state": 0}
    early = SmoothHess(**options, n_samples=400_000, tolerance=0.05).explain(relus, AT)
    assert early.converged
    assert early.n_samples < 400_000
    assert not SmoothHess(**options, n_samples=64, tolerance=1e-6).explain(relus, AT).converged


def test_the_attack_is_the_lowest_point_of_the_ball():
    found = SmoothHess(sigma=0.4, n_samples=4000, random_state=0).explain(relus, AT)
    step = found.attack(0.8)
    g, h = found.gradient[0], found.hessian[0]
    points = np.random.default_rng(0).normal(size=(20_000, 3))
    points *= 0.8 / np.linalg.norm(points, axis=1, keepdims=True)
    best = (points @ g + 0.5 * np.einsum("ni,ij,nj->n", points, h, points)).min()
    assert np.linalg.norm(step) <= 0.8 + 1e-9
    assert step @ g + 0.5 * step @ h @ step <= best + 1e-6


def normalized():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Linear(8, 2)).train()


def test_a_network_is_left_as_it_came():
    model = normalized()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    smooth = SmoothHess(sigma=0.4, n_samples=64, random_state=0)
    smooth.explain(model, AT.float(), target=1)
    assert model.training
    assert all(module.training for module in model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


@pytest.mark.parametrize(
    ("options", "model", "x", "target", "error", "words"),
    [
        ({"sigma": 0.0}, relus, AT, None, ValueError, "must be above 0"),
        ({"sigma": [1, -1, 1]}, relus, AT, None, ValueError, "must be positive"),
        ({"groups": [0, 2, 0]}, relus, AT, None, ValueError, "must name an input in each group"),
        ({}, relus, AT.long(), None, TypeError, "whole numbers have no derivatives"),
        ({}, relus, AT * np.nan, None, ValueError, "must be finite"),
        ({}, lambda x: x, AT, None, ValueError, "one number a sample"),
        ({}, lambda x: x, AT, 5, ValueError, "target"),
        ({}, lambda x: x.detach().sum(1), AT, None, ValueError, "must be differentiable"),
        ({}, lambda x: x.sum(1) / 0 * 0, AT, None, ValueError, "finite"),
        ({}, lambda x: normalized().double()(x)[:, 0], AT, None, ValueError, "eval mode"),
    ],
)
def test_bad_input(options, model, x, target, error, words):
    smooth = SmoothHess(**{"sigma": 0.4, "n_samples": 64} | options)
    with pytest.raises(error, match=words):
        smooth.explain(model, x, target=target)
