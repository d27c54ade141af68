"""Ranks of losses among random draws, of one row and corrected for all rows."""

import numpy as np
import pytest

from nbinterp.network.ablation.chance import corrected_ranks, least_spreads, ranks

LEAST = np.full(6, 1e-9)


def draws(n, seed=0):
    """Losses that are correlated between sizes and groups, and spread more in some groups."""
    rng = np.random.default_rng(seed)
    shared = rng.normal(size=(n, 1, 1))
    return (shared + rng.normal(size=(n, 4, 6))) * np.array([0.1, 1, 1, 1, 1, 50.0])


def test_by_hand():
    random = np.array([-3.0, -1.0, 0.0, 0.0])[:, None, None]
    change = np.array([-4.0, -3.0, -0.5, 0.0])[:, None, None]
    assert ranks(change, random).ravel().tolist() == [1 / 5, 2 / 5, 3 / 5, 1.0]


def test_corrected_is_the_rank_of_the_largest_loss_of_each_draw():
    random, change = draws(30), draws(3, seed=1)
    corrected = corrected_ranks(change, random, LEAST)
    largest = []
    for k, draw in enumerate(random):
        others = np.delete(random, k, axis=0)
        largest.append(((others.mean(0) - draw) / others.std(0)).max())
    losses = (random.mean(0) - change) / random.std(0)
    expected = (1 + (np.array(largest)[:, None, None, None] >= losses).sum(0)) / 31
    np.testing.assert_allclose(corrected, expected)


def test_random_cases_are_rarely_beyond_chance_in_any_row():
    """Of rows ranked one by one, nearly half of all cases have one; corrected, about one in 20."""
    raw, corrected = [], []
    for seed in range(20):
        change, random = draws(100, seed=100 + seed), draws(100, seed=seed)
        raw.append((ranks(change, random) <= 0.05).any(axis=(1, 2)))
        corrected.append((corrected_ranks(change, random, LEAST) <= 0.05).any(axis=(1, 2)))
    assert np.mean(raw) > 0.3
    assert np.mean(corrected) == pytest.approx(0.05, abs=0.02)


def test_a_large_loss_is_found_among_many_rows():
    change = draws(1, seed=2)
    change[0, 1, 3] = -9.0
    corrected = corrected_ranks(change, draws(100), LEAST)
    assert corrected[0, 1, 3] == 1 / 101
    assert (np.delete(corrected.ravel(), 9) > 0.05).all()


def test_rows_that_no_draw_changes():
    random = np.zeros((20, 2, 3))
    change = np.zeros((1, 2, 3))
    for sizes in (np.array([10, 5, 0]), None):
        least = least_spreads(random, sizes)
        assert (least > 0).all()
        assert (corrected_ranks(change, random, least) == 1.0).all()
    change[0, 0, 0] = -0.5
    assert corrected_ranks(change, random, least)[0, 0, 0] == 1 / 21


def test_without_draws_nothing_is_known():
    nothing = np.empty((0, 2, 3))
    assert (corrected_ranks(np.full((1, 2, 3), -1.0), nothing, LEAST[:3]) == 1.0).all()
    assert len(least_spreads(nothing, None)) == 3
