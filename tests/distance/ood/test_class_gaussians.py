import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist
from sklearn.covariance import OAS, EmpiricalCovariance, LedoitWolf

from nbinterp import _device
from nbinterp.distance.ood.class_gaussians import fit_gaussians

GENERATOR = np.random.default_rng(0)
CPU = torch.device("cpu")
CODES = GENERATOR.integers(0, 3, 70)
X = GENERATOR.normal(size=(70, 5)) @ GENERATOR.normal(size=(5, 5)) + CODES[:, None]
NEW = GENERATOR.normal(size=(30, 5)) * 4
MEANS = np.stack([X[k == CODES].mean(axis=0) for k in range(3)])


def fitted(x=X, codes=CODES, shrinkage="oas", ridge=0.0):
    return fit_gaussians("(X)", lambda part: x[part], codes, x.shape[1], shrinkage, ridge, CPU)


def measured(gaussians, new=NEW, relative=False):
    return gaussians.distances("distances", lambda part: new[part], len(new), relative, CPU)


@pytest.mark.parametrize(
    ("shrinkage", "estimator"),
    [
        ("oas", OAS(assume_centered=True)),
        ("ledoit_wolf", LedoitWolf(assume_centered=True)),
        (0.0, EmpiricalCovariance(assume_centered=True)),
    ],
)
def test_as_with_the_covariances_of_scikit_learn(shrinkage, estimator):
    found = fitted(shrinkage=shrinkage)
    tied = estimator.fit(X - MEANS[CODES]).covariance_
    total = estimator.fit(X - X.mean(axis=0)).covariance_
    np.testing.assert_allclose(found.means, MEANS, rtol=1e-12)
    np.testing.assert_allclose(found.covariance, tied, rtol=1e-10)
    np.testing.assert_allclose(found.total_covariance, total, rtol=1e-10)
    squares = cdist(NEW, MEANS, "mahalanobis", VI=np.linalg.inv(tied)).min(axis=1) ** 2
    np.testing.assert_allclose(measured(found), squares, rtol=1e-9)
    centre = X.mean(axis=0)[None]
    whole = cdist(NEW, centre, "mahalanobis", VI=np.linalg.inv(total))[:, 0] ** 2
    np.testing.assert_allclose(measured(found, relative=True), squares - whole, atol=1e-9)


def test_in_blocks_as_at_once(monkeypatch):
    whole = fitted(shrinkage="ledoit_wolf")
    expected = measured(whole)
    monkeypatch.setattr(_device, "rows_per_block", lambda device, size: 7)
    parts = fitted(shrinkage="ledoit_wolf")
    np.testing.assert_allclose(parts.covariance, whole.covariance, rtol=1e-12)
    np.testing.assert_allclose(parts.total_covariance, whole.total_covariance, rtol=1e-12)
    np.testing.assert_allclose(measured(parts), expected, rtol=1e-10)


@pytest.mark.parametrize("relative", [False, True])
def test_unshrunk_distances_know_no_units(relative):
    turn, step = GENERATOR.normal(size=(5, 5)), 1e4 * GENERATOR.normal(size=5)
    found = fitted(X @ turn + step, shrinkage=0.0)
    expected = measured(fitted(shrinkage=0.0), relative=relative)
    np.testing.assert_allclose(measured(found, NEW @ turn + step, relative), expected, rtol=1e-5)


def test_a_ridge_is_in_units_of_the_mean_variance():
    plain, ridged = fitted(shrinkage=0.0), fitted(shrinkage=0.0, ridge=0.5)
    added = 0.5 * np.trace(plain.covariance) / 5 * np.eye(5)
    np.testing.assert_allclose(ridged.covariance, plain.covariance + added)
    small = fitted(1e-6 * X, shrinkage=0.0, ridge=0.5)
    np.testing.assert_allclose(measured(small, 1e-6 * NEW), measured(ridged), rtol=1e-6)


def test_fewer_samples_than_dimensions_constant_features_and_a_class_of_one():
    wide = GENERATOR.normal(size=(8, 20))
    wide[:, 3] = 2.0
    codes = np.array([0, 0, 0, 1, 1, 1, 1, 2])
    found = fitted(wide, codes)
    assert 0 < found.shrinkage <= 1
    distances = measured(found, wide)
    assert np.isfinite(distances).all() and distances[7] == pytest.approx(0, abs=1e-9)
    # A node that was dead is no proof that it cannot fire: to do so is far out.
    fires = wide.copy()
    fires[:, 3] += 100
    assert (measured(found, fires) > 100 * distances.max()).all()
    with pytest.raises(ValueError, match=r"positive definite.*Use shrinkage='oas'"):
        fitted(wide, codes, shrinkage=0.0)


@pytest.mark.parametrize(
    ("x", "codes", "match"),
    [
        (np.full((6, 3), 0.1), np.zeros(6, int), "but all samples of a class are equal"),
        (X[:4], np.arange(4), "must hold classes of more than one sample"),
        (np.repeat(X[:2], 5, axis=0), np.repeat([0, 1], 5), "all samples of a class are equal"),
        (np.where(np.arange(5) == 1, np.nan, X), CODES, "must be finite"),
    ],
)
def test_bad_samples(x, codes, match):
    with pytest.raises(ValueError, match=match):
        fitted(x, codes)
