"""The whole iteration: the objective rises, and a batch equals its single problems."""

import numpy as np
import pytest
import torch
from corex.known_covariances import DISJOINT, MODULAR, OVERLAPPING

from nbinterp.corex.linear import annealing
from nbinterp.corex.linear.annealing import anneal
from nbinterp.corex.linear.correlation import to_correlation
from nbinterp.corex.linear.operators import Dense, Scores


def start(s, m, seed):
    w = torch.tensor(np.random.default_rng(seed).standard_normal((len(s), m, s.shape[-1])))
    return w / (10 * ((w @ s) * w).sum(-1, keepdim=True).sqrt())


def solve(
    s,
    w,
    schedule=(0.6, 0.36, 0.1, 0.01),
    tol=1e-9,
    max_iter=5000,
    relative_tol=0.0,
    guided=False,
    kept_as=Dense,
):
    schedule, tol, product = np.array(schedule), np.full(len(w), tol), kept_as(s)
    guide = product.single() if guided else None
    with np.errstate(all="ignore"):  # trials out of bounds
        return anneal(product, w, schedule, tol, max_iter, None, relative_tol, guide)


def test_total_correlation_never_falls_within_a_stage():
    s = torch.tensor(np.stack([to_correlation(c)[0] for c in (MODULAR, DISJOINT, OVERLAPPING)]))
    for solution in solve(s, start(s, 4, 1)):
        assert solution.converged
        assert len(solution.history) == 4
        for stage in solution.history:
            assert (np.diff(stage) >= -1e-9).all()


def test_a_batch_is_its_problems_one_by_one():
    easy = to_correlation(MODULAR)[0]
    s = torch.tensor(np.stack([easy, to_correlation(DISJOINT)[0], np.eye(25)]))
    w = start(s, 5, 2)
    together = solve(s, w)
    for k, solution in enumerate(together):
        (alone,) = solve(s[k : k + 1], w[k : k + 1])
        assert alone.history[-1][-1] == pytest.approx(solution.history[-1][-1], abs=1e-7)
        torch.testing.assert_close(solution.weights, alone.weights, rtol=1e-4, atol=1e-5)


def test_padding_stays_zero_and_changes_nothing():
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    w = start(s, 5, 0)
    wide_s, wide_w = torch.zeros(1, 30, 30).double(), torch.zeros(1, 5, 30).double()
    wide_s[:, :25, :25], wide_w[..., :25] = s, w
    (narrow,), (wide,) = solve(s, w), solve(wide_s, wide_w)
    assert (wide.weights[:, 25:] == 0).all()
    torch.testing.assert_close(wide.weights[:, :25], narrow.weights, rtol=1e-4, atol=1e-5)


def test_max_iter_is_reported():
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    (solution,) = solve(s, start(s, 5, 0), tol=1e-14, max_iter=5)
    assert not solution.converged
    assert sum(len(stage) for stage in solution.history) == 20


def test_a_relative_tolerance_is_the_absolute_one_in_proportion_to_the_value():
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    w = start(s, 5, 0)
    (exact,), (relative,) = solve(s, w, (0.3, 0.1)), solve(s, w, (0.3, 0.1), relative_tol=1e-4)
    value = exact.history[0][-1]
    (absolute,) = solve(s, w, (0.3, 0.1), tol=1e-4 * value)
    assert relative.converged
    assert len(relative.history[0]) == len(absolute.history[0]) < len(exact.history[0])
    assert relative.history[0][-1] == pytest.approx(value, rel=1e-2)
    assert relative.history[1][-1] == pytest.approx(exact.history[1][-1], abs=1e-6)


def test_no_transfers_between_convergence_tests(monkeypatch):
    """Values may reach the host once in five iterations, and never one by one."""
    calls = {"cpu": 0, "iterations": 0}
    cpu = torch.Tensor.cpu

    def counted(tensor):
        calls["cpu"] += 1
        return cpu(tensor)

    def refused(_):
        raise AssertionError("one value fetched from the device")

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    for name in ("item", "__bool__", "__float__", "__int__", "tolist"):
        monkeypatch.setattr(torch.Tensor, name, refused)
    s = torch.tensor(to_correlation(MODULAR)[0]).unsqueeze(0)
    w = torch.tensor(np.random.default_rng(0).standard_normal((1, 5, 25))) / 50
    (solution,) = solve(s, w)
    assert calls["cpu"] == sum(len(stage) for stage in solution.history) / 5


def test_looking_at_values_at_hand_changes_nothing(monkeypatch):
    """On the host work in vain is left out, to the same result to the last bit."""
    s = np.stack([to_correlation(MODULAR)[0], to_correlation(DISJOINT)[0]])
    w = start(torch.tensor(s), 5, 2).numpy()
    looked = solve(s, w)
    monkeypatch.setattr(annealing, "on_host", lambda _: False)
    for here, there in zip(looked, solve(s, w), strict=True):
        np.testing.assert_array_equal(here.weights, there.weights)
        np.testing.assert_array_equal(np.hstack(here.history), np.hstack(there.history))


# Each stage of steps found in float32 multiplies its rounding, which differs between processors.
@pytest.mark.parametrize(("guided", "near"), [(False, (1e-10, 1e-10)), (True, (5e-6, 1e-4))])
@pytest.mark.parametrize("kept_as", [Dense, Scores])
def test_numpy_and_torch_go_the_same_way(kept_as, guided, near):
    x = np.random.default_rng(0).multivariate_normal(np.zeros(25), MODULAR, 40)
    scores = torch.tensor((x - x.mean(0)) / x.std(0) / 40**0.5)
    s = (scores.T @ scores).unsqueeze(0)
    w, table = start(s, 5, 2), s if kept_as is Dense else scores.unsqueeze(0)
    how = {"schedule": (0.3, 0.1), "max_iter": 15, "guided": guided, "kept_as": kept_as}
    (here,), (there,) = solve(table.numpy(), w.numpy(), **how), solve(table, w, **how)
    assert isinstance(here.weights, np.ndarray) and here.weights.dtype == np.float64
    for mine, other, rtol in zip(here.history, there.history, near, strict=True):
        np.testing.assert_allclose(mine, other, rtol=rtol)
    np.testing.assert_allclose(here.weights, there.weights, atol=near[1])


def test_steps_found_in_float32_lead_as_high():
    s = torch.tensor(np.stack([to_correlation(c)[0] for c in (MODULAR, DISJOINT, OVERLAPPING)]))
    w = start(s, 4, 1)
    for exact, guided in zip(solve(s, w), solve(s, w, guided=True), strict=True):
        assert guided.converged
        assert guided.history[-1][-1] == pytest.approx(exact.history[-1][-1], abs=1e-7)
