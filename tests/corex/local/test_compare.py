"""Factors beside what can fail, in planted worlds: special to a region, shared by all, and none."""

import pickle

import numpy as np
import pytest

from nbinterp.corex import BioCorEx, LinearCorEx, LocalCorEx
from nbinterp.datasets import load_mnist, load_mnist_classifier
from nbinterp.network import record

pytestmark = pytest.mark.slow

N, P, BLOCK = 900, 20, 6
REGION = np.arange(200)


def world(seed, share):
    """Normal columns; the first few have a parent in the rows from 0 to `share`."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(N, P))
    x[:share, :BLOCK] += 1.5 * rng.normal(size=(share, 1))
    return x


def region(x, **options):
    """Return the factors of the region; the other rows are a cluster too."""
    corex = LinearCorEx(2, random_state=0)
    fit = LocalCorEx(corex, **options).fit(x, clusters=np.zeros(len(x)))
    return fit.fit_selection(REGION)


@pytest.mark.parametrize("seed", range(8))
def test_a_factor_of_one_region_is_stable_and_special(seed):
    factors = region(world(seed, len(REGION)))
    assert set(factors.top_nodes(0, BLOCK)) == {f"x{i}" for i in range(BLOCK)}
    assert factors.stable_.tolist() == [True, False]
    assert factors.special_.tolist() == [True, False]
    assert factors.comparison_.rank_total == 1 / 50
    # It was not fitted to what it is measured in, and still explains nearly as much there.
    assert factors.comparison_.held_out[0] == pytest.approx(factors.total_correlations_[0], rel=0.4)


@pytest.mark.parametrize("seed", range(8))
def test_a_factor_of_all_regions_is_stable_but_not_special(seed):
    factors = region(world(seed, N))
    assert factors.stable_.tolist() == [True, False]
    assert not factors.special_.any()
    assert factors.comparison_.rank_total > 1 / 50


@pytest.mark.parametrize("seed", range(8))
def test_noise_is_neither_stable_nor_special(seed):
    factors = region(world(seed, 0))
    assert not factors.stable_.any() and not factors.special_.any()
    # The null of shuffled columns cannot tell: here it is as large as what was found.
    assert factors.null_total_correlation_ == pytest.approx(factors.total_correlation_, rel=0.5)


def test_a_random_selection_is_not_special():
    """Its ranks are those of one more random selection: even, from near 0 to 1."""
    x = world(0, N // 2)
    fit = LocalCorEx(LinearCorEx(1, random_state=0)).fit(x, clusters=np.zeros(N))
    rng = np.random.default_rng(0)
    ranks = []
    for _ in range(24):
        found = fit.fit_selection(rng.choice(N, 200, replace=False)).comparison_
        ranks.append(found.rank[0])
    assert 0.35 < np.mean(ranks) < 0.65
    assert np.mean(np.array(ranks) <= 0.1) < 0.3


def test_all_samples_are_compared_with_themselves():
    x = world(0, N)
    fit = LocalCorEx(LinearCorEx(2, random_state=0)).fit(x, clusters=np.zeros(N))
    whole = fit.clusters_[0]
    assert whole.stable_[0] and not whole.special_.any()


def test_factors_are_compared_once_when_asked():
    x = world(0, len(REGION))
    factors = region(x)
    assert not factors.is_compared and "stable=" not in repr(factors)
    found = factors.comparison_
    assert factors.comparison_ is found
    assert "stable=1 of 2" in repr(factors)
    again = region(x).comparison_
    np.testing.assert_array_equal(again.stability, found.stability)
    np.testing.assert_array_equal(again.random, found.random)
    copied = pickle.loads(pickle.dumps(region(x)))
    np.testing.assert_array_equal(copied.comparison_.held_out, found.held_out)


def test_summary_tells_what_to_rely_on():
    table = region(world(0, len(REGION))).summary()
    assert table["stable"].tolist() == [True, False]
    assert table["special"].tolist() == [True, False]
    assert table["rank"][0] == 1 / 50
    assert table["held_out"][0] > table["random"][0]
    plain = region(world(0, len(REGION)), n_splits=0)
    assert plain.comparison_ is None and plain.stable_ is None and plain.is_compared
    assert list(plain.summary()) == ["factor", "total_correlation", "top_nodes"]
    assert plain.to_frame()["stable"].isna().all()


@pytest.mark.parametrize("gaussianize", ["standard", "outliers", "empirical", "none"])
def test_every_way_to_scale_columns_and_missing_entries(gaussianize):
    x = world(1, len(REGION))
    x = (x - x.mean(0)) / x.std(0)
    if gaussianize == "none":  # of what is fitted, the region
        x[REGION] = (x[REGION] - x[REGION].mean(0)) / x[REGION].std(0)
    else:
        x[::17, 3] = np.nan
    corex = LinearCorEx(2, gaussianize=gaussianize, random_state=0)
    rest = np.arange(N) >= len(REGION)
    x[rest] = (x[rest] - np.nanmean(x[rest], 0)) / np.nanstd(x[rest], 0)
    factors = LocalCorEx(corex).fit(x, clusters=rest).clusters_[0]
    assert factors.stable_.tolist() == [True, False]
    assert factors.special_[0]


def test_another_corex_is_compared_with_halves_only():
    x = (world(0, len(REGION)) > 0).astype(float)
    corex = BioCorEx(1, marginals="discrete", random_state=0, progress=False)
    factors = LocalCorEx(corex).fit(x[REGION], clusters=np.zeros(len(REGION))).clusters_[0]
    assert factors.stable_[0]
    assert np.isnan(factors.comparison_.rank).all() and factors.special_ is None
    assert factors.summary()["special"].isna().all()
    assert "not known (the method does not tell" in factors.comparison_.describe()


def test_too_few_samples_for_halves_are_not_stable():
    x = world(0, len(REGION))
    fit = LocalCorEx(LinearCorEx(2, random_state=0)).fit(x, clusters=np.zeros(N))
    few = fit.fit_selection(range(5))
    assert np.isnan(few.stability_).all()
    assert not few.stable_.any() and few.special_ is None
    constant = LocalCorEx(LinearCorEx(2)).fit(np.ones((20, 3)), clusters=np.zeros(20)).clusters_[0]
    assert not constant.stable_.any()


def test_splits_are_checked_before_anything_slow():
    with pytest.raises(ValueError, match=r"n_splits=-1\) must be"):
        LocalCorEx(n_splits=-1).fit(np.ones((9, 2)))


def test_digits_in_a_network():
    """Random images have much in common, but nothing special; 60 threes have no stable factor."""
    mnist = load_mnist()
    table = record(load_mnist_classifier(), mnist.data[:2000] / 255, "h2").concat("h2")
    local = LocalCorEx(LinearCorEx(10, random_state=0)).fit(table, clusters=np.zeros(2000))
    rng = np.random.default_rng(0)
    ranks, special = [], 0
    for _ in range(3):
        random = local.fit_selection(rng.choice(2000, 300, replace=False))
        assert random.total_correlation_ > 20 * random.null_total_correlation_
        ranks.append(random.comparison_.rank_total)
        special += random.special_.sum()
    assert 0.1 < np.mean(ranks) < 0.9
    assert special <= 3  # of 30 factors
    threes = local.fit_selection(np.flatnonzero(mnist.target[:2000] == 3)[:60])
    assert threes.total_correlation_ > 3 * threes.null_total_correlation_
    assert threes.stable_.sum() <= 2 < random.stable_.sum()
