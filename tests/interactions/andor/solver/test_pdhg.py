import numpy as np
import pytest
import torch
from interactions.games import problem, relu_game, relu_games

from nbinterp.interactions.andor.solver import lp, pdhg
from nbinterp.interactions.andor.solver.problem import Problem, objective
from nbinterp.interactions.andor.solver.projections import near_shared


def solved(one, tol=1e-3):
    return pdhg.solve(one, tol=tol, max_iter=10_000)


@pytest.mark.parametrize("models", [1, 2, 3])
@pytest.mark.parametrize("noise", [0.0, 0.02])
@pytest.mark.parametrize("alpha", [0.0, 1 / 9, 1.0])
def test_reaches_the_linear_program_and_proves_it(models, noise, alpha):
    one = problem(relu_games(5, range(models)), alpha if models > 1 else 0.0, noise)
    best = float(lp.solve(one).objective)
    found = solved(one)
    assert float(found.objective) >= best * (1 - 1e-7)
    assert float(found.bound) <= best * (1 + 1e-7)
    assert float(found.objective - found.bound) <= 1e-3 * float(found.objective)


@pytest.mark.parametrize("specific", [0.0, 0.05])
@pytest.mark.parametrize("models", [2, 3])
def test_keeps_the_bound_on_gamma_where_it_is_active(models, specific):
    one = problem(relu_games(4, range(models)), 0.2, 0.02, specific)
    best = float(lp.solve(one).objective)
    free = float(lp.solve(problem(relu_games(4, range(models)), 0.2, 0.02, 10.0)).objective)
    assert best > free * 1.01  # the bound is active
    found = solved(one, 5e-3)
    assert torch.allclose(near_shared(found.gamma, one.specific_bound), found.gamma, atol=1e-9)
    assert best * (1 - 1e-7) <= float(found.objective) <= best * 1.005
    assert float(found.bound) <= best * (1 + 1e-7)


def test_splits_are_feasible_and_have_the_stated_objective():
    one = problem(relu_games(6, [0, 1]), 0.1, 0.02)
    found = solved(one)
    assert bool((found.noise.abs() <= one.noise_limits + 1e-12).all())
    torch.testing.assert_close(objective(one, found.gamma, found.noise), found.objective)


def test_samples_are_solved_as_if_alone():
    tables = torch.as_tensor(np.stack([relu_games(4, [k, k + 1]) for k in range(4)]))
    tables[1] *= 1000  # each sample has its own unit
    bounds = torch.full((4, 2), 0.01, dtype=torch.float64)
    batch = Problem(tables, 0.1, bounds, 10 * bounds)
    together = solved(batch)
    for sample in range(4):
        alone = solved(batch.rows(torch.tensor([sample])))
        torch.testing.assert_close(
            together.objective[sample], alone.objective[0], rtol=1e-6, atol=0
        )


def test_eleven_players_with_noise_converge_to_planted_interactions():
    """Three ANDs and an OR: no split has a smaller penalty than their sizes, up to the noise."""
    on = [(torch.arange(2**11) >> player) & 1 for player in range(11)]
    values = 2.0 * on[0] * on[5] - 1.0 * on[2] * on[7] * on[10] + 0.5 * on[3] * on[4]
    values = values + 1.5 * (1 - (1 - on[1]) * (1 - on[9]))
    one = problem(values[None].double().numpy(), 0.0, 0.02)
    found = solved(one)
    assert float(found.objective - found.bound) <= 1e-3 * float(found.objective)
    assert 4.5 <= float(found.objective) <= 5.001


def test_a_network_of_eleven_players_converges():
    generator = torch.Generator().manual_seed(0)
    first, second = torch.randn(11, 32, generator=generator), torch.randn(32, generator=generator)
    on = ((torch.arange(2**11)[:, None] >> torch.arange(11)) & 1).float()
    values = ((on @ first).relu() @ second).double()
    found = pdhg.solve(
        problem((values - values[0])[None].numpy(), 0.0, 0.02), tol=1e-3, max_iter=2000
    )
    assert float(found.objective - found.bound) <= 1e-3 * float(found.objective)


def test_a_constant_output_has_nothing_to_split():
    found = solved(problem(np.zeros((2, 8)), 0.1, 0.02))
    assert float(found.objective) == 0 and float(found.bound) == 0


def test_units_do_not_matter():
    values = relu_game(5, 0)[None] - relu_game(5, 0)[0]
    small, large = (float(solved(problem(scale * values)).objective) for scale in (1e-6, 1e6))
    assert large / small == pytest.approx(1e12, rel=1e-6)


def test_too_few_iterations_leave_a_gap():
    one = problem(relu_games(6, [0, 1]), 0.1, 0.02)
    rough = pdhg.solve(one, tol=1e-6, max_iter=5)
    assert float(rough.objective - rough.bound) > 0.01 * float(rough.objective)
    best = float(lp.solve(one).objective)
    assert float(rough.bound) <= best <= float(rough.objective)
