import numpy as np
import pytest
from interactions.games import boolean_paper, relu_game

from nbinterp.interactions.andor import fidelity
from nbinterp.interactions.moebius import and_interactions, or_interactions


def test_all_interactions_add_up_to_the_outputs():
    v, gamma = relu_game(5, 0), np.random.default_rng(0).normal(size=32)
    gamma[0] = v[0] / 2  # so that the OR part is zero with all players off
    and_, or_ = and_interactions(v / 2 + gamma), or_interactions(v / 2 - gamma)
    np.testing.assert_allclose(fidelity.rebuilt(and_, or_), v, atol=1e-12)
    assert fidelity.errors(and_[None], or_[None], v[None], 64).max() < 1e-12
    assert fidelity.precision(and_[None], or_[None], v[None], 64)[0] == pytest.approx(1)


def test_the_strongest_alone():
    v = boolean_paper()
    and_, or_ = and_interactions(v)[None], np.zeros((1, 32))
    for k in range(7):
        few, _ = fidelity.only_strongest(and_, or_, k)
        assert np.count_nonzero(few) == k
    five, _ = fidelity.only_strongest(and_, or_, 5)
    missed = abs(4 - five.sum())  # of v(N) = 4, by five of the six terms of size 1
    assert missed == 1
    assert fidelity.precision(and_, or_, v[None], 5)[0] == pytest.approx(5 / (5 + missed))


def test_nothing_to_explain():
    zero = np.zeros((1, 4))
    assert fidelity.precision(zero, zero, zero, 2)[0] == 1
