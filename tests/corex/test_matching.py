"""Matching of factors between fits."""

import numpy as np
import pytest
from corex.known_covariances import DISJOINT, MODULAR, exact_samples

from nbinterp.corex import LinearCorEx, LocalCorEx, match_factors
from nbinterp.corex.matching import assign, known_stable, known_unstable


def test_assignment_is_one_to_one_and_best_in_sum():
    first = np.array([[1.0, 0.9, 0.0], [1.0, 0.0, 0.0]])
    second = np.array([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    partner, cosine = assign(first, second)
    assert partner.tolist() == [1, 0]
    assert cosine[1] == pytest.approx(1.0)
    assert assign(second, first)[0].tolist() == [1, 0, -1]


def test_factors_of_two_clusters():
    rng = np.random.default_rng(0)
    x = np.concatenate([exact_samples(MODULAR, 200, rng), exact_samples(DISJOINT, 200, rng)])
    labels = np.repeat([0, 1], 200)
    same, other = LocalCorEx(LinearCorEx(5), random_state=0).fit(x, clusters=labels).clusters_
    itself = match_factors(same, same)
    assert itself["partner"].tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_allclose(itself["similarity"], 1.0)
    assert itself["gained"].tolist() == [[]] * 5
    across = match_factors(same, other)
    assert across["similarity"].max() < 0.6  # groups that cut across one another
    first = across.iloc[0]
    assert len(set(first["lost"]) & {f"x{i}" for i in range(15, 21)}) >= 4


def test_factors_that_are_not_stable_are_marked():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(300, 12))
    x[:, :5] += 2.0 * rng.normal(size=(300, 1))
    fit = LocalCorEx(LinearCorEx(2, random_state=0)).fit(x, clusters=np.zeros(300)).clusters_[0]
    one = LocalCorEx(LinearCorEx(1, random_state=0)).fit(x, clusters=np.zeros(300)).clusters_[0]
    assert not fit.is_compared and known_stable(fit, computes=False) == [None, None]
    assert known_unstable(fit, [0, 1]) == []
    matched = match_factors(fit, one)
    assert matched["partner"].tolist() == [0, -1]
    assert matched["stable"].tolist() == fit.stable_.tolist() == [True, False]
    assert matched["partner_stable"].tolist() == [True, None]
    assert known_unstable(fit, [1, 0]) == [1]
    unknown = LocalCorEx(LinearCorEx(2), n_splits=0).fit(x, clusters=np.zeros(300)).clusters_[0]
    assert match_factors(unknown, fit)["stable"].tolist() == [None, None]


def test_restarts_show_which_factors_are_stable():
    rng = np.random.default_rng(1)
    x = np.column_stack([exact_samples(MODULAR, 400, rng), rng.normal(size=(400, 5))])
    fit = LinearCorEx(8, n_restarts=4, random_state=0).fit(x)
    assert fit.stability_.shape == (8,)
    assert (fit.stability_[:4] > 0.98).all()
    assert not hasattr(LinearCorEx(2, random_state=0).fit(x), "stability_")


def test_other_variables_are_refused():
    x = np.random.default_rng(2).normal(size=(60, 5))
    fits = [
        LocalCorEx(LinearCorEx(1)).fit(x[:, :p], clusters=np.zeros(60)).clusters_[0] for p in (4, 5)
    ]
    with pytest.raises(ValueError, match="same variables"):
        match_factors(*fits)
