import numpy as np
import pytest
import torch
from interactions.games import relu_games

from nbinterp.interactions.andor.solver import pdhg
from nbinterp.interactions.andor.solver.problem import Problem
from nbinterp.interactions.andor.solver.solve import solve


def batch(samples):
    values = torch.as_tensor(np.stack([relu_games(4, [k, k + 1]) for k in range(samples)]))
    bound = torch.full((samples, 2), 0.02, dtype=torch.float64)
    return Problem(values, 0.1, bound, 10 * bound)


@pytest.mark.parametrize("threads", [1, 3])
def test_blocks_keep_their_order_and_threads_are_restored(threads):
    one = batch(5)
    whole = pdhg.solve(one, tol=1e-3, max_iter=5000)
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        found = solve(one, "pdhg", tol=1e-3, max_iter=5000)
        alone = solve(one.rows(torch.tensor([3])), "pdhg", tol=1e-3, max_iter=5000)
        assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    torch.testing.assert_close(found.objective, whole.objective, rtol=1e-6, atol=0)
    torch.testing.assert_close(alone.objective[0], whole.objective[3], rtol=1e-6, atol=0)


def test_the_linear_program_is_no_worse():
    one = batch(2)
    rough, exact = (solve(one, way, tol=1e-3, max_iter=5000) for way in ("pdhg", "lp"))
    assert bool((exact.objective <= rough.objective + 1e-9).all())
    torch.testing.assert_close(exact.objective, exact.bound, rtol=1e-6, atol=1e-9)
