import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from nbinterp.distance.stream.groups import groups_of


def test_labels_of_any_kind_and_rows_of_their_samples():
    groups = groups_of(["b", "a", "b"], 2)
    assert groups.names == ["a", "b"]
    assert groups.of(torch.zeros(4, 2), 1, 2).tolist() == [0, 0, 1, 1]
    assert groups_of(None, 2).of(torch.zeros(3, 2), 0, 3).tolist() == [0, 0, 0]


def test_a_fitted_clustering():
    data = np.r_[np.zeros((5, 2)), np.ones((5, 2))] + np.random.default_rng(0).normal(size=(10, 2))
    fit = KMeans(2, n_init=1, random_state=0).fit(data)
    codes = groups_of(fit, 2).of(torch.as_tensor(data), 0, 10)
    np.testing.assert_array_equal(codes, fit.labels_)
    with pytest.raises(ValueError, match="is not fitted yet"):
        groups_of(KMeans(2), 2)


def test_labels_must_be_as_many_as_samples():
    groups = groups_of([0, 1, 1], 2)
    groups.check_count(2, whole=False)
    groups.check_count(3, whole=True)
    with pytest.raises(ValueError, match="must have one label per sample, 2"):
        groups.check_count(2, whole=True)


@pytest.mark.parametrize(
    "clusters",
    [
        np.array([0, 1, np.nan]),
        np.array(["a", None, "b"], object),
        np.ma.masked_array([0, 1, 1], mask=[0, 1, 0]),
    ],
)
def test_samples_without_a_group_are_refused(clusters):
    with pytest.raises(ValueError, match=r"\(clusters=.* must name the group of each sample"):
        groups_of(clusters, 2)
