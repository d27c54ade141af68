import numpy as np
import pytest
from interactions.games import relu_games

from nbinterp.interactions.andor.overlap import (
    chance_fraction,
    mismatched,
    overlap,
    shared_fraction,
)
from nbinterp.interactions.andor.strengths import Strengths, strongest
from nbinterp.interactions.moebius import and_interactions
from nbinterp.interactions.subsets import sizes


def test_chance_is_the_mean_of_random_sets():
    rng = np.random.default_rng(0)
    strengths = rng.uniform(1, 2, size=(4000, 3, 64))
    chosen = strongest(strengths, 16, np.zeros((4000, 3)))
    expected = chance_fraction(chosen, 64)
    np.testing.assert_allclose(expected, (16 / 64) ** 2)
    assert shared_fraction(chosen).mean() == pytest.approx((16 / 64) ** 2, rel=0.05)
    # For two models it is k over the number of sets.
    np.testing.assert_allclose(chance_fraction(chosen[:, :2], 64), 16 / 64)


def test_zeros_never_count_as_strong():
    and_ = np.zeros((1, 2, 8))
    and_[0, 0, [1, 3]] = 5, 4
    and_[0, 1, [1, 5]] = 5, 4
    found = overlap(Strengths(and_, np.zeros((1, 2, 8)), np.zeros(1)), 6)
    assert found.and_[0] == 0.5 and found.or_[0] == 0
    assert found.chance_and[0] == pytest.approx(2 / 7)


def test_the_empty_set_does_not_count():
    and_ = np.zeros((1, 2, 8))
    and_[0, :, 0] = 100
    and_[0, 0, 3] = and_[0, 1, 5] = 1
    assert overlap(Strengths(and_, 0 * and_, np.zeros(1)), 1).and_[0] == 0


def test_mismatched_keeps_the_profile_over_orders():
    values = relu_games(5, [0, 1])[None]
    moved = mismatched(values, np.random.RandomState(0))
    assert np.array_equal(moved[:, 0], values[:, 0]) and not np.allclose(moved[:, 1], values[:, 1])
    for order in range(6):
        here = sizes(5) == order
        before, after = (np.sort(and_interactions(v)[0, 1, here]) for v in (values, moved))
        np.testing.assert_allclose(before, after, atol=1e-12)
