"""SmoothHess against closed forms (Gaussian smoothing of pieces), and its errors."""

import threading
from concurrent.futures import CancelledError

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.stats import norm
from sklearn.exceptions import ConvergenceWarning
from torch import nn

from nbinterp._numerics.progress import ProgressToken, tracking
from nbinterp.interactions import SmoothHess
from nbinterp.interactions.smooth import explainer

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
    # The reported standard error is close to the true error.
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


def test_wide_matrices_are_stored_as_rows(monkeypatch):
    smooth = SmoothHess(sigma=0.4, n_samples=64, random_state=0)
    dense = smooth.explain(relus, AT)
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", 2)
    rows = smooth.explain(relus, AT)
    assert rows.hessian is None
    np.testing.assert_allclose(rows.product(np.eye(3)), dense.hessian[0], atol=1e-12)
    np.testing.assert_allclose(rows.eigenpairs(2)[0], dense.eigenpairs(2)[0], atol=1e-12)
    assert rows.pair([1, 0, 0], [0, 1, 0]) == pytest.approx(dense.hessian[0][0, 1])


def test_a_tolerance_stops_early_and_reports_convergence():
    options = {"sigma": 0.4, "sampling": "orthogonal", "random_state": 0}
    early = SmoothHess(**options, n_samples=400_000, tolerance=0.05).explain(relus, AT)
    assert early.converged
    assert early.n_samples < 400_000
    with pytest.warns(ConvergenceWarning, match=r"n_samples=64\) left a relative error"):
        rough = SmoothHess(**options, n_samples=64, tolerance=1e-6).explain(relus, AT)
    assert not rough.converged and "NOT CONVERGED" in repr(rough)


def test_a_tolerance_needs_a_stored_matrix(monkeypatch):
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", 2)
    with pytest.raises(ValueError, match="must be None above 2 rows"):
        SmoothHess(sigma=0.4, tolerance=0.1).explain(relus, AT)


def leaning(x):
    """Lines with a slope below zero too: |w0 x + c0| + leaky relu of slope 0.3 (w1 x + c1)."""
    lines = x @ W.to(x.dtype).T + C.to(x.dtype)
    return lines[:, 0].abs() + nn.functional.leaky_relu(lines[:, 1], 0.3)


def test_absolute_values_and_leaks():
    """|.| has twice the Hessian of relu, a leak of slope 0.3 has 0.7 of it (B.5, 3)."""
    w, m, s = W.numpy(), (AT @ W.T + C).numpy()[0], 0.4 * W.norm(dim=1).numpy()
    expected = (w.T * (np.array([2.0, 0.7]) * norm.pdf(m / s) / s)) @ w
    found = SmoothHess(sigma=0.4, n_samples=200_000, random_state=0).explain(leaning, AT)
    np.testing.assert_allclose(found.hessian[0], expected, atol=0.03 * np.abs(expected).max())


@pytest.mark.parametrize("gap", [0.0, 0.5])
def test_the_larger_of_two(gap):
    """[[1, -1], [-1, 1]] φ(t) / (σ √2) with t = (x1 - x2) / (σ √2) (B.5, 4)."""
    scale = 0.7 * 2**0.5
    expected = norm.pdf(gap / scale) / scale * np.array([[1.0, -1.0], [-1.0, 1.0]])
    smooth = SmoothHess(sigma=0.7, n_samples=100_000, random_state=0)
    found = smooth.explain(lambda x: x.amax(1), torch.tensor([[gap, 0.0]], dtype=torch.float64))
    np.testing.assert_allclose(found.hessian[0], expected, atol=0.02)


def test_a_product_of_rectified_inputs():
    """H12 = Φ(x1/σ) Φ(x2/σ), H11 = φ(x1/σ)/σ E relu(x2 + σ z) (B.5, 5)."""
    x, sigma = np.array([0.3, -0.2]), 0.5
    t = x / sigma
    ramp = x * norm.cdf(t) + sigma * norm.pdf(t)
    ends = norm.pdf(t) / sigma * ramp[::-1]
    mixed = norm.cdf(t).prod()
    smooth = SmoothHess(sigma=sigma, n_samples=200_000, random_state=0)
    found = smooth.explain(lambda z: z.relu().prod(1), torch.as_tensor(x)[None])
    np.testing.assert_allclose(found.hessian[0], [[ends[0], mixed], [mixed, ends[1]]], atol=0.015)


@pytest.mark.parametrize("widest", [4096, 2])
def test_no_batch_exceeds_batch_size(widest, monkeypatch):
    monkeypatch.setattr(explainer, "WIDEST_MATRIX", widest)
    seen = []

    def model(x):
        seen.append(len(x))
        return relus(x)

    smooth = SmoothHess(sigma=0.4, n_samples=2000, batch_size=60, random_state=0)
    found = smooth.explain(model, AT.repeat(5, 1))
    assert max(seen) <= 60 and sum(seen) >= 5 * found.n_samples


def test_within_a_linear_piece_little_smoothing_finds_nothing():
    found = SmoothHess(sigma=1e-4, n_samples=2000, random_state=0).explain(relus, AT)
    np.testing.assert_allclose(found.hessian, 0, atol=1e-9)


def test_float32_agrees_with_float64():
    options = {"sigma": 0.4, "n_samples": 60_000, "random_state": 0}

    def single(x):
        return torch.relu(x @ W.to(x.dtype).T + C.to(x.dtype)).sum(1)

    one, other = (SmoothHess(**options).explain(single, x) for x in (AT, AT.float()))
    np.testing.assert_allclose(one.hessian, other.hessian, atol=0.05)
    assert other.hessian.dtype == np.float64


def test_automatic_sigma(monkeypatch):
    """Near kinks, little smoothing sees none of them."""
    monkeypatch.setattr(explainer, "MULTIPLIERS", (0.01, 1.0))
    smooth = SmoothHess(sigma="auto", radius=1.0, n_samples=20_000, random_state=0)
    found = smooth.explain(lambda x: x.abs().sum(1), 0.05 * torch.ones(1, 4, dtype=torch.float64))
    assert found.sigma == pytest.approx(1.0 / 4**0.5)
    with pytest.raises(ValueError, match="must have no groups"):
        smooth.changed(groups=[0, 0, 1, 1]).explain(lambda x: x.sum(1), torch.zeros(1, 4))
    with pytest.raises(ValueError, match="must be given only one of the two"):
        smooth.changed(covariance=np.eye(4)).explain(lambda x: x.sum(1), torch.zeros(1, 4))


def test_on_another_device_a_copy_runs():
    model = normalized().double()
    here = SmoothHess(sigma=0.4, n_samples=64, random_state=0)
    found = [
        settings.explain(model, AT, target=1) for settings in (here, here.changed(device="cpu"))
    ]
    np.testing.assert_array_equal(found[0].hessian, found[1].hessian)
    there = here.changed(device="meta")
    with pytest.raises((NotImplementedError, RuntimeError, ValueError), match="meta"):
        there.explain(model, AT, target=1)
    assert {parameter.device.type for parameter in model.parameters()} == {"cpu"}
    with pytest.raises(ValueError, match=r"SmoothHess\(device='nowhere'\) must be 'auto' or"):
        here.changed(device="nowhere").explain(model, AT, target=1)


def test_each_sample_may_have_its_own_output():
    def two(x):
        return torch.stack([relus(x), x.sum(1)], dim=1)

    smooth = SmoothHess(sigma=0.4, n_samples=500, random_state=0)
    found = smooth.explain(two, AT.repeat(2, 1), target=[0, 1])
    np.testing.assert_allclose(found.hessian[0], smooth.explain(relus, AT).hessian[0], atol=1e-12)
    np.testing.assert_allclose(found.hessian[1], 0, atol=1e-12)
    errors = found.pmse(0.5, n_samples=2000, random_state=0)["gradient"]
    assert errors[0] > 1e-6 > 1e-20 > errors[1]


def test_the_attack_minimizes_within_the_ball():
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


def test_a_network_is_restored():
    model = normalized()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    smooth = SmoothHess(sigma=0.4, n_samples=64, random_state=0)
    smooth.explain(model, AT.float(), target=1)
    assert model.training
    assert all(module.training for module in model)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


class Interrupted(nn.Module):
    """A network that is interrupted while it runs."""

    def __init__(self, after):
        super().__init__()
        self.inner, self.left = normalized(), after

    def forward(self, x):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.inner(x)


@pytest.mark.parametrize("after", [0, 2, 5])
def test_a_network_is_restored_after_an_interrupt(after):
    model = Interrupted(after).train()
    model.inner[0].eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(KeyboardInterrupt):
        SmoothHess(sigma=0.4, n_samples=640, batch_size=40).explain(model, AT.float(), target=1)
    assert model.training and model.inner.training and not model.inner[0].training
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("options", "model", "x", "target", "error", "words"),
    [
        ({"sigma": 0.0}, relus, AT, None, ValueError, "must be above 0"),
        ({"sigma": [1, -1, 1]}, relus, AT, None, ValueError, "must be positive"),
        ({"groups": [0, 2, 0]}, relus, AT, None, ValueError, "must name an input for each group"),
        ({}, relus, AT.long(), None, TypeError, "whole numbers have no derivatives"),
        ({}, relus, AT * np.nan, None, ValueError, "must be finite"),
        ({}, lambda x: x, AT, None, ValueError, "one number per sample"),
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


def test_cancelling_stops_it_between_two_blocks():
    stop = threading.Event()

    def asked(x):
        stop.set()
        return x.square().sum(1)

    with tracking(ProgressToken(stop)), pytest.raises(CancelledError):
        SmoothHess(sigma=0.5, n_samples=4000, progress=False).explain(asked, np.ones((1, 4)))


def test_names_of_columns_are_kept():
    x = pd.DataFrame({"age": [1.0, 2.0], "income": [3.0, 4.0]})
    smooth = SmoothHess(n_samples=200, random_state=0)
    found = smooth.explain(lambda z: z.prod(1), x)
    assert found.feature_names == ("age", "income")
    table = found.to_frame()
    assert set(table["first"]) | set(table["second"]) == {"age", "income"}
    assert set(found.to_frame(names=np.array(["a", "b"]))["first"]) <= {"a", "b"}
    assert smooth.explain(lambda z: z.prod(1), x.to_numpy().copy()).feature_names is None
    grouped = smooth.changed(groups=[0, 0]).explain(lambda z: z.prod(1), x)
    assert grouped.feature_names is None


def test_read_only_settings_and_directions():
    x = pd.DataFrame(np.ones((3, 2)), columns=["a", "b"])
    sigma = read_only([0.5, 0.6])
    found = SmoothHess(sigma=sigma, n_samples=200, random_state=0).explain(lambda z: z.prod(1), x)
    assert found.product(read_only([1.0, 0.0])).shape == (2,)


def read_only(values):
    array = np.array(values)
    array.flags.writeable = False
    return array
