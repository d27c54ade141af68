"""One small world, against the library called by hand."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from nbinterp import LinearCorEx
from nbinterp.datasets import group_recovery, make_corex_clusters
from reproduction.table1 import measure
from reproduction.table1.measure import World, records_of
from reproduction.table1.paper import MEASURES

pytestmark = pytest.mark.slow


@pytest.fixture
def two_numbers_of_factors(monkeypatch):
    monkeypatch.setattr(measure, "N_FACTORS", (3, 5))


def by_hand(data, groups):
    fits = [LinearCorEx(m, gaussianize="outliers", random_state=42).fit(data) for m in (3, 5)]
    return np.mean([group_recovery(groups, fit.mutual_information_) for fit in fits], axis=0)


def test_a_world_of_two_classes_apart(two_numbers_of_factors):
    found = {row["method"]: row for row in records_of(World(40, "disjoint", 1.0, 3))}
    assert list(found) == ["Linear", "Local Linear", "Bio", "Local Bio"]
    sample = make_corex_clusters(40, 1.0, "disjoint", random_state=3)
    assert found["Local Linear"]["purity"] == 1

    whole = np.mean([by_hand(sample.data, groups) for groups in sample.groups], axis=0)
    np.testing.assert_allclose([found["Linear"][each] for each in MEASURES], whole)
    local = np.mean(
        [by_hand(sample.data[sample.target == i], sample.groups[i]) for i in (0, 1)], axis=0
    )
    np.testing.assert_allclose([found["Local Linear"][each] for each in MEASURES], local)
    assert found["Local Bio"]["group cosine"] < found["Bio"]["group cosine"]
    assert found["Linear"]["partition"] == 0 < found["Local Bio"]["partition"]


def test_the_numbers_of_regions_mean_nothing(monkeypatch):
    monkeypatch.setattr(measure, "N_FACTORS", (3,))
    world = World(10, "disjoint", 1.0, 0)
    found = records_of(world)

    class Swapped(KMeans):
        def fit_predict(self, X):
            return 1 - super().fit_predict(X)

    monkeypatch.setattr(measure, "KMeans", Swapped)
    for one, other in zip(found, records_of(world), strict=True):
        assert one["purity"] == other["purity"] == 1
        assert [one[each] for each in MEASURES] == [other[each] for each in MEASURES]
