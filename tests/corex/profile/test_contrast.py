"""Means of columns in groups against those of all other samples."""

import numpy as np
import pytest
from scipy import stats

from nbinterp.corex.profile.contrast import contrast

RNG = np.random.default_rng(0)


def naive(column, inside):
    """The same figures by SciPy, of the entries that are there."""
    known = ~np.isnan(column)
    own, rest = column[inside & known], column[~inside & known]
    sd = column[known].std()
    interval = stats.ttest_ind(own, rest, equal_var=False).confidence_interval(0.95)
    return own.mean(), rest.mean(), (own.mean() - rest.mean()) / sd, *(np.array(interval) / sd)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_it_agrees_with_welchs_test_of_scipy(dtype):
    table = (RNG.normal(size=(5000, 4)) * [1, 10, 0.1, 1] + [0, 1e4, 0, 3]).astype(dtype)
    table[RNG.random(table.shape) < 0.2] = np.nan
    labels = RNG.integers(0, 3, 5000)
    table[labels == 1, 3] += 0.5
    found = contrast(table, [np.flatnonzero(labels == k) for k in range(3)])
    for k in range(3):
        for i in range(4):
            mine = [found.mean, found.rest_mean, found.difference, found.lower, found.upper]
            wanted = naive(table[:, i].astype(float), labels == k)
            np.testing.assert_allclose([part[k, i] for part in mine], wanted, rtol=1e-6, atol=1e-9)
    assert (found.n_known == [(~np.isnan(table[labels == k])).sum(0) for k in range(3)]).all()


def test_intervals_hold_the_truth_as_often_as_they_say():
    inside = np.arange(30)
    held = []
    for _ in range(400):
        table = RNG.normal(size=(200, 10))
        table[inside] = 0.4 + 2.0 * table[inside]  # another variance, as in a real cluster
        found = contrast(table, [inside])
        truth = 0.4 / found.sd
        held.append((found.lower <= truth) & (truth <= found.upper))
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_columns_that_do_not_vary():
    table = np.column_stack([np.full(6, 0.1), [7, 7, 7, 0, 1, 2], [0, 0, 0, 1, 1, 1]])
    found = contrast(table, [np.array([0, 1, 2])])
    assert found.sd[0] == 0 and found.difference[0, 0] == 0
    assert found.lower[0, 0] == found.upper[0, 0] == 0
    assert found.lower[0, 1] < found.difference[0, 1] < found.upper[0, 1]
    assert found.lower[0, 2] == found.difference[0, 2] == found.upper[0, 2] == pytest.approx(-2)


def test_what_is_not_known_is_nan():
    table = np.array([[1.0, np.nan], [2.0, np.nan], [3.0, 1.0], [4.0, 2.0]])
    found = contrast(table, [np.array([0, 1]), np.array([0])])
    assert np.isnan(found.difference[0, 1]) and np.isfinite(found.difference[0, 0])
    assert np.isfinite(found.difference[1, 0]) and np.isnan(found.lower[1, 0])  # one sample
