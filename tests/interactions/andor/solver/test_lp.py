import numpy as np
import pytest
import torch
from interactions.games import boolean_paper, index, members, problem, relu_games

from nbinterp.interactions.andor.solver import lp
from nbinterp.interactions.andor.solver.problem import interactions, objective
from nbinterp.interactions.moebius import and_interactions


def merged(one):
    split = lp.solve(one)
    and_, or_ = (part[0].numpy() for part in interactions(one, split.gamma, split.noise))
    return split, and_, or_


def test_the_example_of_the_paper():
    split, and_, or_ = merged(problem(boolean_paper()[None]))
    assert float(split.objective) == pytest.approx(4)
    assert and_[0, [index(0, 1, 2), index(1, 2), index(2, 3)]] == pytest.approx([1, 1, 1])
    assert or_[0, index(3, 4)] == pytest.approx(1)
    alone = and_interactions(boolean_paper())
    assert np.count_nonzero(alone) == 6 and np.abs(alone).sum() == 6
    zero = torch.zeros_like(split.gamma)
    assert float(objective(problem(boolean_paper()[None]), zero, zero)) == pytest.approx(10)


def test_the_first_known_answer():
    x = members(4)
    v = (x[:, 0] * x[:, 1] + np.maximum(x[:, 2], x[:, 3]))[None]
    one = problem(v)
    zero = torch.zeros(1, 1, 16, dtype=torch.float64)
    assert float(objective(one, zero, zero)) == pytest.approx(4)
    assert float(lp.solve(one).objective) == pytest.approx(2)
    gamma = torch.as_tensor(x[:, 0] * x[:, 1] - np.maximum(x[:, 2], x[:, 3]))[None, None] / 2
    assert float(objective(one, gamma, zero)) == pytest.approx(2)


def test_identical_models():
    v = relu_games(4, [0])
    single = float(lp.solve(problem(v)).objective)
    for models in (2, 3):
        for alpha in (0.0, 0.25):
            one = problem(np.repeat(v, models, axis=0), alpha)
            joint = float(lp.solve(one).objective)
            assert joint == pytest.approx((1 + alpha * models) * single)


def test_the_order_of_models_does_not_matter():
    v = relu_games(4, [0, 1, 2])
    first, second = (
        float(lp.solve(problem(v[order], 0.1, 0.02)).objective) for order in ([0, 1, 2], [2, 0, 1])
    )
    assert first == pytest.approx(second)


def test_too_many_players():
    with pytest.raises(ValueError, match=r"solver='lp'.* at most 2048 coalitions times models"):
        lp.solve(problem(np.zeros((3, 1024))))
