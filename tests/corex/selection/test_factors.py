"""Choosing the number of factors, by shuffled data and by held-out samples."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from nbinterp.corex import BioCorEx, FactorSelection, LinearCorEx, select_n_factors


def planted(n=300, groups=3, seed=0):
    rng = np.random.default_rng(seed)
    return np.repeat(rng.normal(size=(n, groups)), 4, axis=1) + rng.normal(size=(n, 4 * groups))


@pytest.mark.parametrize("groups", [1, 3])
def test_the_planted_number_is_found(groups):
    found = select_n_factors(planted(groups=groups), [1, 2, 3, 4], random_state=0)
    assert found.best == groups


def test_what_chance_gives_is_shown():
    noise = np.random.default_rng(1).normal(size=(100, 25))
    found = select_n_factors(noise, [2, 5], random_state=0, n_permutations=4)
    frame = found.to_frame()
    assert list(frame["n_factors"]) == [2, 5]
    # Independent variables seem to share something, and shuffled ones as much.
    assert (frame["total_correlation"] > 0.2).all()
    np.testing.assert_allclose(frame["total_correlation"], frame["null_mean"], rtol=0.4)
    assert (frame["held_out"] < 0).all()
    real = select_n_factors(planted(), [3], random_state=0).to_frame()
    assert (real["above_null"] > 10 * real["null_max"]).all()


@pytest.mark.parametrize("marginals", ["gaussian", "discrete"])
def test_bio_corex_may_be_selected(marginals):
    rng = np.random.default_rng(0)
    states = np.repeat(rng.integers(0, 2, (200, 2)), 4, axis=1)
    x = 3.0 * states + rng.normal(size=(200, 8))
    if marginals == "discrete":
        x = (x > 1.5).astype(float)
        x[3, 1] = 9.0  # a level that fits to other samples do not know
    x[0, 0] = np.nan
    model = BioCorEx(7, marginals=marginals, progress=False)
    found = select_n_factors(x, [1, 2], corex=model, n_permutations=2, n_splits=3, random_state=0)
    assert found.best == 2
    assert found.null.shape == (2, 2)
    assert found.held_out.shape == (3, 2)
    frame = found.to_frame()
    assert (frame["total_correlation"] > 5 * frame["null_max"]).all()
    assert model.n_factors == 7


def test_the_reason_says_what_was_found():
    two, three = np.array([1, 2]), np.array([1, 2, 3])
    scores = np.array([[0.9, 1.9, 1.8], [1.1, 2.1, 2.0]])
    found = FactorSelection(three, np.arange(3.0), np.zeros((2, 3)), scores)
    assert found.reason == (
        "2 factors: 2 ± 0.1 nats per held-out sample; no other number gives more by over a "
        "standard error."
    )
    more = FactorSelection(two, np.arange(2.0), np.zeros((2, 2)), scores[:, :2])
    assert more.reason.endswith("the most that was tried: try more.")
    noise = FactorSelection(two, np.arange(2.0), np.zeros((2, 2)), -scores[:, :2])
    assert noise.reason.startswith("No factors explain held-out samples. Least bad, 1 factor: -1")


def test_refusals():
    with pytest.raises(TypeError, match="must be a CorEx: an estimator with n_factors, score"):
        select_n_factors(planted(), [2], corex=PCA())
    with pytest.raises(ValueError, match="number up to that of the columns, 12"):
        select_n_factors(planted(), [20])
    with pytest.raises(ValueError, match="at least 2"):
        select_n_factors(planted(), [2], n_splits=1)
    model = LinearCorEx(7)
    select_n_factors(planted(), [1], corex=model, n_permutations=1, n_splits=2)
    assert model.n_factors == 7
