import numpy as np
import pytest
import torch
from interactions.games import problem, relu_games
from scipy.optimize import minimize_scalar

from nbinterp.interactions.andor.solver.projections import Bounded, Free, near_shared
from nbinterp.interactions.moebius import and_values


@pytest.mark.parametrize("models", [2, 3, 5])
def test_near_shared_is_the_nearest(models):
    rng = np.random.default_rng(models)
    gamma = rng.normal(size=(models, 30))
    bound = rng.uniform(0, 0.6, size=models)
    found = near_shared(torch.as_tensor(gamma)[None], torch.as_tensor(bound)[None])[0].numpy()
    assert ((found - bound[:, None]).max(0) <= (found + bound[:, None]).min(0) + 1e-12).all()
    for column, near in zip(gamma.T, found.T, strict=True):

        def cost(shared, column=column):
            return (np.maximum(np.abs(column - shared) - bound, 0) ** 2).sum()

        best = minimize_scalar(cost, bounds=(-5, 5), method="bounded", options={"xatol": 1e-10})
        assert ((near - column) ** 2).sum() == pytest.approx(best.fun, abs=1e-8)


def test_near_shared_keeps_values_within_the_bound():
    gamma = torch.randn(1, 3, 8, dtype=torch.float64)
    assert torch.allclose(near_shared(gamma, torch.full((1, 3), 10.0)), gamma, atol=1e-12)
    assert near_shared(gamma[:, :1], torch.zeros(1, 1)) is not None
    together = near_shared(gamma, torch.zeros(1, 3, dtype=torch.float64))
    assert torch.allclose(together, gamma.mean(1, keepdim=True).expand_as(gamma))


@pytest.mark.parametrize("kind", [Free, Bounded])
@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_projection_is_orthogonal_and_idempotent(kind, noise):
    way = kind(problem(relu_games(4, [0, 1]), 0.1, noise))
    generator = torch.Generator().manual_seed(0)
    shape = way.start().shape
    state, other = torch.randn(2, *shape, dtype=torch.float64, generator=generator)
    here, there = way.consistent(state), way.consistent(other)
    assert torch.allclose(way.consistent(here), here, atol=1e-10)
    assert float(((state - here) * (here - there)).sum()) == pytest.approx(0, abs=1e-8)


@pytest.mark.parametrize("noise", [0.0, 0.05])
def test_start_is_consistent(noise):
    one = problem(relu_games(4, [0, 1]), 0.1, noise)
    for kind in (Free, Bounded):
        way = kind(one)
        assert torch.allclose(way.consistent(way.start()), way.start(), atol=1e-10)


@pytest.mark.parametrize("kind", [Free, Bounded])
def test_feasible_keeps_all_bounds(kind):
    one = problem(relu_games(4, [0, 1]), 0.1, 0.05, 0.1)
    way = kind(one)
    state = way.consistent(torch.randn(way.start().shape, dtype=torch.float64))
    gamma, noise = way.feasible(state)
    assert bool((noise.abs() <= one.noise_limits + 1e-12).all())
    assert gamma.shape == one.values.shape
    if kind is Bounded:
        assert torch.allclose(near_shared(gamma, one.specific_bound), gamma, atol=1e-12)


def test_free_sums_to_the_outputs():
    one = problem(relu_games(4, [0, 1]))
    way = Free(one)
    state = way.consistent(torch.randn(way.start().shape, dtype=torch.float64))
    parts = and_values(state)
    assert torch.allclose(parts[0] + parts[1].flip(-1), one.values)
