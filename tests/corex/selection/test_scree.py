"""Which variables belong to a factor: planted groups, by any method, and none by chance."""

import numpy as np
import pandas as pd
import pytest

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx, Scree, scree

SIZES = (3, 5, 8)
GROUPS = [{f"x{i}" for i in range(a, a + n)} for a, n in ((0, 3), (3, 5), (8, 8))]


def planted(n=400, seed=0):
    """Return three groups of variables with a parent each, and nine variables without."""
    rng = np.random.default_rng(seed)
    parents = np.repeat(rng.normal(size=(n, 3)), SIZES, axis=1)
    return np.hstack([parents + rng.normal(size=parents.shape), rng.normal(size=(n, 9))])


@pytest.fixture(scope="module")
def linear():
    return LinearCorEx(3, random_state=0).fit(planted())


def found_groups(result):
    return [set(result.members(j)) for j in range(3)]


def test_planted_groups_are_the_members(linear):
    result = scree(linear, planted(), random_state=0)
    assert sorted(found_groups(result), key=len) == GROUPS
    assert 0.002 < result.chance < 0.05
    frame = result.to_frame()
    assert frame["belongs"].sum() == 16
    assert (frame["belongs"] == (frame["mutual_information"] > frame["threshold"])).all()
    for _, rows in frame.groupby("factor"):
        assert rows["mutual_information"].is_monotonic_decreasing
        assert rows["place"].tolist() == list(range(1, 26))


def test_without_the_data_the_elbow_decides_and_chance_is_not_known(linear):
    result = scree(linear)
    assert np.isnan(result.chance)
    assert sorted(found_groups(result), key=len) == GROUPS


def test_clusters_and_bio_corex_are_read_the_same_way():
    frame = pd.DataFrame(planted(), columns=[f"x{i}" for i in range(25)])
    local = LocalCorEx(LinearCorEx(3), random_state=0).fit(frame, clusters=np.zeros(400))
    cluster = local.clusters_[0]
    result = scree(cluster)
    assert sorted(found_groups(result), key=len) == GROUPS
    assert result.chance == cluster.null_mutual_information_
    assert result.stable.tolist() == [True, True, True]
    rng = np.random.default_rng(1)
    states = np.repeat(rng.integers(0, 2, (300, 3)), SIZES, axis=1)
    x = np.hstack([2.5 * states + rng.normal(size=states.shape), rng.normal(size=(300, 9))])
    bio = BioCorEx(3, n_restarts=3, random_state=0, progress=False).fit(x)
    assert sorted(found_groups(scree(bio)), key=len) == GROUPS
    assert sorted(found_groups(scree(bio, x, random_state=0)), key=len) == GROUPS


def test_a_factor_of_noise_has_hardly_a_member():
    """Its largest cell may be above: a factor of noise takes one variable for itself."""
    x = np.random.default_rng(0).normal(size=(200, 25))
    fit = LinearCorEx(5, random_state=0).fit(x)
    counts = scree(fit, x, random_state=0).belongs.sum(1)
    assert (counts <= 3).all()
    # By the elbow alone, noise would have members.
    assert scree(fit).belongs.sum() > counts.sum()


def test_one_variable_that_is_nearly_copied_does_not_hide_the_others():
    nats = np.array([[4.0, 0.5, 0.45, 0.4, 0.01, 0.01, 0.0, 0.0]])
    assert scree(Fit(nats)).members(0) == ["x0", "x1", "x2", "x3"]


@pytest.mark.parametrize(
    ("row", "members"),
    [
        ([0.5] * 8, 8),
        ([0.6, 0.55, 0.5, 0.48, 0.45, 0.4, 0.38, 0.35], 8),
        ([0.4] * 7 + [0.0], 7),
        ([0.4] * 6 + [0.01] * 2, 6),
        ([0.0] * 8, 0),
        ([0.7] + [0.0] * 7, 1),
    ],
    ids=["level", "even slope", "all but one", "all but two", "nothing", "one"],
)
def test_a_curve_may_have_no_elbow(row, members):
    assert len(scree(Fit(np.array([row]))).members(0)) == members


class Fit:
    """What a CorEx has after fit."""

    def __init__(self, information):
        self.mutual_information_ = information
        self.total_correlations_ = information.sum(1)


def test_order_and_signs_of_columns_do_not_matter():
    order = np.random.default_rng(3).permutation(25)
    x = planted()
    turned = (x * np.where(np.arange(25) % 2, -1, 1))[:, order]
    fit = LinearCorEx(3, random_state=0).fit(pd.DataFrame(turned, columns=[f"x{i}" for i in order]))
    assert sorted(found_groups(scree(fit)), key=len) == GROUPS


def test_refusals(linear):
    result = scree(linear)
    with pytest.raises(ValueError, match=r"Scree.members\(factor=3\) must be at most the last"):
        result.members(3)
    with pytest.raises(TypeError, match=r"must be ClusterFactors or a fitted CorEx. Pass one"):
        scree(LinearCorEx(2))
    with pytest.raises(ValueError, match=r"must have 25 columns. Pass the data of the fit."):
        scree(linear, planted()[:, :4])
    local = LocalCorEx(LinearCorEx(1), random_state=0).fit(planted(), clusters=np.zeros(400))
    with pytest.raises(ValueError, match="must be left out for ClusterFactors"):
        scree(local.clusters_[0], planted())
    assert isinstance(result, Scree)


def test_too_few_of_the_samples_are_told(linear):
    with pytest.warns(UserWarning, match=r"^scree\(X\) finds as much by chance in 6 shuffled"):
        few = scree(linear, planted()[:6], random_state=0)
    assert not any(map(len, found_groups(few)))
