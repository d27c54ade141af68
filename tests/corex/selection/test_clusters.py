"""The number of clusters: planted ones are found, and in data without gaps none."""

from typing import ClassVar

import numpy as np
import pytest
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA

from nbinterp.corex import ClusterSelection, LinearCorEx, LocalCorEx, select_n_clusters
from nbinterp.manifold import PHATE

pytestmark = pytest.mark.slow


def blobs(centres, n=25, seed=0):
    rng = np.random.default_rng(seed)
    centres = np.asarray(centres, float)
    return np.repeat(centres, n, axis=0) + rng.normal(size=(len(centres) * n, centres.shape[1]))


def select(x, candidates, dimensions=3, **options):
    options = {"embedding": PCA(dimensions), "n_resamples": 4, "random_state": 0, **options}
    return select_n_clusters(x, candidates, **options)


def test_planted_clusters_are_found():
    found = select(blobs(20 * np.eye(5)), [3, 5, 6], dimensions=4)
    assert found.best == 5
    frame = found.to_frame().set_index("n_clusters")
    assert frame.loc[5, "stability"] == frame.loc[5, "gain"] == 1.0
    assert frame.loc[5, "smallest"] == 25
    assert frame.loc[5, "null"] < 0.8
    assert frame["inertia"].is_monotonic_decreasing
    # Equally distant ones can be joined in many ways, and divided in many.
    assert frame.loc[3, "stability"] < 0.9
    assert "5 clusters agree by 1.00 ± 0.00 in parts of the samples" in found.reason


def test_two_far_clusters_are_two():
    """A long cloud is cut in half each time: that they agree is no evidence, their gap is."""
    x = blobs([[0, 0, 0], [30, 0, 0]], 60)
    found = select(x, [2, 3])
    assert found.best == 2
    assert found.to_frame()["null"][0] > 0.9
    assert found.gap[0] > 2


def test_of_clusters_in_clusters_the_finer_are_taken():
    pairs = [[0, 0], [0, 12], [200, 0], [200, 12]]
    found = select(blobs(pairs, 30), [2, 4], dimensions=2)
    assert found.stability.mean(0)[0] == 1.0
    assert found.best == 4
    assert found.reason.endswith("Stable too: 2.")


@pytest.mark.parametrize("kind", ["normal", "uniform", "standard_t"])
@pytest.mark.parametrize("spread", [(1, 1, 1), (9, 1, 1)], ids=["round", "long"])
def test_nothing_is_found_in_data_without_gaps(kind, spread):
    rng = np.random.default_rng(1)
    draw = {"standard_t": lambda size: rng.standard_t(4, size)}.get(
        kind, lambda size: getattr(rng, kind)(size=size)
    )
    found = select(draw((120, 3)) * spread, [2, 5])
    assert found.best is None
    assert found.reason.startswith("No number is stable. The most stable: ")
    assert "any partition is a choice" in found.reason


def test_labels_are_those_of_local_corex():
    x = blobs(20 * np.eye(3), 60)
    found = select(x, [2, 3], n_resamples=2)
    for count, labels in zip(found.n_clusters, found.labels, strict=True):
        local = LocalCorEx(LinearCorEx(1), PCA(3), int(count), random_state=0).fit(x)
        np.testing.assert_array_equal(labels, local.labels_)
    assert list(found.columns()) == ["2 clusters", "3 clusters"]
    np.testing.assert_allclose(np.abs(found.map), np.abs(PCA(2).fit_transform(x)), atol=1e-6)


class Noting(BaseEstimator):
    """An embedding that keeps what it is given."""

    seen: ClassVar[list] = []

    def fit_transform(self, X, y=None):
        self.seen.append(X)
        return X[:, :2]


@pytest.mark.parametrize("shape", [(300, 4), (30, 60)])
def test_the_null_has_the_same_mean_and_covariance(shape, monkeypatch):
    rng = np.random.default_rng(0)
    monkeypatch.setattr(Noting, "seen", [])
    x = rng.exponential(size=shape) @ rng.normal(size=(shape[1], shape[1])) + 5.0
    select(x, [2], embedding=Noting(), n_resamples=2)
    own, _, null, *_ = Noting.seen
    assert null.shape == own.shape
    # All samples, and each time a part of them, another null, and a part of that.
    assert [len(seen) / len(x) for seen in Noting.seen] == pytest.approx([1] + [0.8, 1, 0.8] * 2)
    n = len(x)
    spread = np.sqrt(np.diag(np.cov(x.T)))
    assert (abs(null.mean(0) - x.mean(0)) < 5 * spread / np.sqrt(n)).all()
    wanted, got = np.cov(x.T), np.cov(null.T)
    error = np.sqrt((wanted**2 + np.outer(np.diag(wanted), np.diag(wanted))) / n)
    assert (abs(got - wanted) < 6 * error).all()


def test_phate_is_the_default_and_the_seed_decides():
    x = blobs(40 * np.eye(3), 15)
    first, second = (
        select_n_clusters(x, [2, 3, 200], embedding=each, n_resamples=2, random_state=1)
        for each in (None, PHATE(10))
    )
    assert first.best == 3
    np.testing.assert_array_equal(first.stability, second.stability)
    np.testing.assert_array_equal(first.null, second.null)
    assert first.map.shape == (45, 2)


def test_the_best_has_the_largest_gain_and_of_equal_ones_the_most_clusters():
    own = np.array([[0.99, 0.97, 0.96, 0.82, 0.7], [0.97, 0.95, 0.96, 0.84, 0.7]])
    null = np.array([[0.9, 0.4, 0.2, 0.1, 0.1], [0.9, 0.4, 0.2, 0.1, 0.1]])
    loose = np.array([[0.5, 0.4, 0.3, 0.2, 0.1], [0.51, 0.41, 0.31, 0.21, 0.11]])
    nothing = np.ones(5), np.zeros((5, 0), int), np.zeros((0, 2))
    counts = np.array([2, 4, 8, 16, 32])
    found = ClusterSelection(counts, own, null, 0.5 * loose, loose, *nothing)
    np.testing.assert_allclose(found.gain, [0.8, 0.933333, 0.95, 0.811111, 0.666667], atol=1e-6)
    np.testing.assert_allclose(found.gap, np.log(2))
    assert found.stable.tolist() == [True, True, True, True, False]  # the last: under 0.8
    assert found.best == 8
    # What is not tighter than data without clusters is not stable, however well it agrees.
    assert ClusterSelection(counts, own, null, loose, loose, *nothing).best is None


def test_refusals():
    x = blobs(20 * np.eye(3))
    with pytest.raises(ValueError, match=r"number up to that of the samples in a part, 60. Try"):
        select(x, [61])
    with pytest.raises(ValueError, match=r"select_n_clusters\(candidates=1\) must be at least 2"):
        select(x, [1])
    with pytest.raises(ValueError, match=r"n_resamples=1\) must be at least 2"):
        select(x, [2], n_resamples=1)
    with pytest.raises(ValueError, match="must embed features, not distances"):
        select(x, [2], embedding=PHATE(metric="precomputed"))
    with pytest.raises(TypeError, match=r"select_n_clusters\(embedding=3\) must be an estimator"):
        select(x, [2], embedding=3)
