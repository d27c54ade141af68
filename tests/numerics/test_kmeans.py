"""k-means, against scikit-learn's and planted clusters."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score

from nbinterp._numerics import kmeans
from nbinterp._numerics.kmeans import assign, cluster_means, k_means, rough_centers


def blobs(n_blobs: int, n_each: int, spread: float, seed: int = 0):
    random = np.random.RandomState(seed)
    centres = 10 * random.standard_normal((n_blobs, 8))
    labels = np.repeat(np.arange(n_blobs), n_each)
    return centres[labels] + spread * random.standard_normal((len(labels), 8)), labels


def test_two_separate_gaussians_are_found():
    data, labels = blobs(2, 100, 0.5)
    found = k_means(data, 2, n_init=1, random_state=0)
    assert adjusted_rand_score(labels, found.labels) == 1


def test_inertia_is_not_worse_than_scikit_learn():
    data, _ = blobs(12, 60, 4.0)
    ours = k_means(data, 15, n_init=4, random_state=0)
    theirs = KMeans(15, n_init=4, random_state=0).fit(data)
    assert ours.inertia <= 1.01 * theirs.inertia_


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_result_is_consistent_and_a_fixed_point(dtype):
    data = torch.as_tensor(blobs(5, 50, 2.0)[0], dtype=dtype) + 100
    found = k_means(data, 5, random_state=1, tol=0)
    assert found.centers.dtype == dtype
    labels, squared = assign(data, found.centers)
    assert torch.equal(labels, found.labels)
    assert found.inertia == pytest.approx(float(squared.sum()), rel=1e-3)
    means = torch.stack([data[labels == k].mean(0) for k in range(5)])
    torch.testing.assert_close(means, found.centers)


def test_same_seed_same_result_and_a_shift_changes_no_label():
    data, _ = blobs(6, 40, 3.0)
    once, again = (k_means(data, 6, n_init=2, random_state=3) for _ in range(2))
    assert torch.equal(once.centers, again.centers)
    assert torch.equal(k_means(data + 7, 6, n_init=2, random_state=3).labels, once.labels)


def test_an_emptied_cluster_gets_a_far_sample():
    data = torch.tensor([[0.0], [1.0], [9.0]])
    labels, squared = assign(data, torch.tensor([[0.5], [500.0]]))
    assert cluster_means(data, labels, squared, 2)[1].item() == 9.0


def test_every_cluster_is_used_while_samples_are_distinct():
    data, _ = blobs(3, 30, 1.0)
    assert len(k_means(data, 90, n_init=1, random_state=0).labels.unique()) == 90


def test_fewer_distinct_samples_than_clusters():
    found = k_means(torch.tensor([[1.0], [1.0], [4.0]]), 3, random_state=0)
    assert found.inertia == 0
    assert found.centers.isfinite().all()


def test_rough_centers_of_a_sample_still_cover():
    data, labels = (torch.as_tensor(each) for each in blobs(4, 500, 0.5))
    centers, spread = rough_centers(data, 40, np.random.RandomState(0), n_seen=400)
    nearest, squared = assign(data, centers)
    of_center = torch.zeros(40, dtype=labels.dtype).index_copy_(0, nearest, labels)
    assert torch.equal(of_center[nearest], labels)  # no centre has samples of two
    assert 0.5 * spread < float(squared.mean()) < 2 * spread


@pytest.mark.parametrize("n_clusters", [0, 4])
def test_refuses_more_clusters_than_samples(n_clusters):
    with pytest.raises(ValueError, match=r"k_means\(n_clusters=\d\) must be"):
        k_means(torch.zeros(3, 2), n_clusters)


def test_many_starts_drawn_at_a_time_are_nearly_as_good(monkeypatch):
    data = torch.as_tensor(np.random.RandomState(0).standard_normal((4000, 8)))

    def inertia() -> float:
        return k_means(data, 500, n_init=1, random_state=0, max_iter=4).inertia

    together = inertia()
    monkeypatch.setattr(kmeans, "_DRAWN_AT_A_TIME", 0)
    assert together < 1.05 * inertia()
