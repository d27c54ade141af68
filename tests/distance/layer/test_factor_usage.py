from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from nbinterp.corex import LinearCorEx, LocalCorEx
from nbinterp.distance.layer.factor_usage import factor_usage


@pytest.fixture(scope="module")
def local():
    rng = np.random.default_rng(0)
    cause = rng.normal(size=(300, 1))
    nodes = rng.normal(size=(300, 6))
    nodes[:, [1, 4]] += 3 * cause
    table = pd.DataFrame(nodes, columns=[f"h1[{i}]" for i in range(5)] + ["logit 0"])
    return LocalCorEx(LinearCorEx(n_factors=1), random_state=0).fit(table, clusters=[0] * 300)


def test_a_planted_factor_usage_its_nodes_only(local):
    names = [f"h1.linear[{i}]" for i in range(5)]
    found = factor_usage(local, "h1.linear", names)
    assert sorted(found["node"]) == ["h1.linear[1]", "h1.linear[4]"]
    assert set(found["cluster"]) == {"cluster 0"}
    direct = local.clusters_[0].mutual_information_[0, [1, 4]].max()
    assert found["mutual_information"][0] == pytest.approx(direct)
    assert factor_usage(local.clusters_[0], "h1.linear", names).equals(found)


def test_factors_that_are_not_stable_are_marked(local):
    names = [f"h1.linear[{i}]" for i in range(5)]
    factors = local.fit_selection(range(300))
    found = factor_usage(factors, "h1.linear", names, computes=False)
    assert found["stable"].tolist() == [None, None] and not factors.is_compared
    found = factor_usage(factors, "h1.linear", names)
    assert found["stable"].tolist() == [True, True] and found["stable"].dtype == bool
    shaky = replace(factors.comparison_, stability=np.array([0.5]))
    found = factor_usage(replace(factors, _comparison=shaky), "h1.linear", names)
    assert found["stable"].tolist() == [False, False]


def test_factors_of_other_nodes_are_refused(local):
    with pytest.raises(ValueError, match="must have columns that are nodes of 'h2'"):
        factor_usage(local, "h2", ["h2[0]"])
    for wrong in ([], 3, LinearCorEx()):
        with pytest.raises(TypeError, match="must be a fitted LocalCorEx or ClusterFactors"):
            factor_usage(wrong, "h1", ["h1[0]"])
