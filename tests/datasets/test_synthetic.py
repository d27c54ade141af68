import numpy as np
import pytest

from nbinterp import LinearCorEx
from nbinterp.datasets import Dataset, group_recovery, make_corex_clusters

OVERLAPS = ["disjoint", "nondisjoint"]
FACTORS = range(3, 8)  # the study is the mean over these numbers of factors


def endless(covariance, groups, n_restarts=1):
    """The study's figures for endless samples of a covariance, in the paper's order."""
    found = []
    for n_factors in FACTORS:
        corex = LinearCorEx(
            n_factors, noise_floor=0.0, tol=1e-7, n_restarts=n_restarts, random_state=0
        )
        corex.fit_covariance(covariance, n_samples=10**6)
        # Superfluous factors share nothing but rounding errors, which point anywhere.
        information = corex.mutual_information_.round(6)
        found += [group_recovery(each, information) for each in groups]
    return np.mean(found, axis=0)


@pytest.mark.parametrize(
    ("overlap", "label", "cosines", "areas"),
    [
        ("disjoint", 0, (0.1361, 0.0190), (0.8908, 1)),
        ("disjoint", 1, (0.1487, 0.0330), (0.8940, 1)),
        ("nondisjoint", 1, (0.1407, 0.0743), (0.9084, 1)),
    ],
)
def test_endless_samples_of_one_class(overlap, label, cosines, areas):
    clusters = make_corex_clusters(2, overlap=overlap)
    found = endless(clusters.covariances[label], [clusters.groups[label]])
    np.testing.assert_allclose(found[[0, 2]], cosines, atol=5e-4)
    # Where no factor finds a group, the order among zeros decides: a looser bound.
    np.testing.assert_allclose(found[[1, 3]], areas, atol=5e-3)


@pytest.mark.parametrize(
    ("overlap", "separation", "cosines", "areas", "atol"),
    [
        # Here the optimum has flat directions, along which the figures of four factors move.
        ("disjoint", 0, (0.510, 0.417), (0.618, 0.721), 5e-3),
        ("disjoint", 1, (0.420, 0.411), (0.585, 0.627), 1e-3),
        ("nondisjoint", 0, (0.189, 0.089), (0.880, 0.992), 1e-3),
        ("nondisjoint", 1, (0.181, 0.086), (0.859, 0.958), 2e-3),
    ],
)
def test_endless_samples_of_both_classes_together(overlap, separation, cosines, areas, atol):
    clusters = make_corex_clusters(2, separation=separation, overlap=overlap)
    found = endless(clusters.pooled_covariance, clusters.groups, n_restarts=6)
    np.testing.assert_allclose(found[[0, 2]], cosines, atol=atol)
    np.testing.assert_allclose(found[[1, 3]], areas, atol=5e-3)


def test_the_fit_of_the_first_class_is_exact():
    # Groups without shared variables have a closed form: -log det of the correlations, halved.
    clusters = make_corex_clusters(2)
    corex = LinearCorEx(5, noise_floor=0.0, tol=1e-9, random_state=0)
    corex.fit_covariance(clusters.covariances[0], n_samples=10**6)
    assert corex.total_correlation_ == pytest.approx(6.7309612112, abs=1e-6)


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_covariances_are_those_of_the_study(overlap):
    clusters = make_corex_clusters(2, overlap=overlap)
    assert [len(groups) for groups in clusters.groups] == [5, 5 if overlap == "disjoint" else 4]
    for covariance, groups in zip(clusters.covariances, clusters.groups, strict=True):
        np.testing.assert_array_equal(covariance, covariance.T)
        assert np.linalg.eigvalsh(covariance)[0] == pytest.approx(1)
        # Each group is the set of variables that one of its members varies with.
        assert {tuple(row) for row in covariance != 0} == {tuple(group) for group in groups}
    assert clusters.covariances[0, 12].nonzero()[0].tolist() == [5, 6, 7, 8, 9, 12]


def test_the_joined_groups_of_the_second_class():
    groups = {
        tuple(np.flatnonzero(row)) for row in make_corex_clusters(2, 1.0, "nondisjoint").groups[1]
    }
    assert (5, 6, 7, 8, 9, 12, 15, 16, 17, 18, 19) in groups
    assert groups == {
        (0, 1, 2, 3, 4),
        (5, 6, 7, 8, 9, 12, 15, 16, 17, 18, 19),
        (10, 11, 13, 14),
        (20, 21, 22, 23, 24),
    }


@pytest.mark.parametrize("overlap", OVERLAPS)
def test_samples_have_the_moments_they_are_drawn_with(overlap):
    clusters = make_corex_clusters(20_000, 0.4, overlap, random_state=0)
    assert isinstance(clusters, Dataset)
    for label in (0, 1):
        rows = clusters.data[clusters.target == label]
        np.testing.assert_allclose(rows.mean(axis=0), clusters.means[label], atol=0.1)
        np.testing.assert_allclose(np.cov(rows.T), clusters.covariances[label], atol=0.4)
    pooled = np.cov(clusters.data.T, ddof=0)
    np.testing.assert_allclose(pooled, clusters.pooled_covariance, atol=0.4)


def test_separation_moves_the_second_mean_only_and_away():
    near, far = make_corex_clusters(2, 0.0), make_corex_clusters(2, 1.0)
    np.testing.assert_array_equal(near.means[0], near.means[1])
    np.testing.assert_array_equal(near.means[0], far.means[0])
    assert far.means[1, ::5].tolist() == [7.5, 14, -1, 19, -4]


def test_same_seed_same_samples():
    one, two = make_corex_clusters(5, random_state=1), make_corex_clusters(5, random_state=1)
    np.testing.assert_array_equal(one.data, two.data)
    assert not np.array_equal(one.data, make_corex_clusters(5, random_state=2).data)
    assert repr(one) == "CorExClusters(data=(10, 25) float64, target=(10,) int64, image_shape=None)"


def test_hostile_input():
    with pytest.raises(ValueError, match=r"overlap='some'\) must be one of"):
        make_corex_clusters(overlap="some")
    with pytest.raises(ValueError, match=r"separation=-1\) must be at least 0"):
        make_corex_clusters(separation=-1)
    with pytest.raises(ValueError, match="must be at least 2"):
        make_corex_clusters(1)
