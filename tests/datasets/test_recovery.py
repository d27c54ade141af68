import numpy as np
import pytest
from scipy.spatial.distance import cosine
from sklearn.metrics import auc, precision_recall_curve

from nbinterp.datasets import group_recovery

GROUPS = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]])


def slow(groups, factors):
    """Algorithms 1 and 2 of the paper, a loop at a time."""

    def area(group, factor):
        precision, recall, _ = precision_recall_curve(group, factor)
        return auc(recall, precision)

    return (
        np.mean([min(cosine(group, factor) for factor in factors) for group in groups]),
        np.mean([max(area(group, factor) for factor in factors) for group in groups]),
        np.mean([min(cosine(group, factor) for group in groups) for factor in factors[:5]]),
        np.mean([max(area(group, factor) for group in groups) for factor in factors[:5]]),
    )


def test_the_groups_themselves_are_recovered():
    np.testing.assert_allclose(group_recovery(GROUPS, 0.3 * GROUPS), (0, 1, 0, 1), atol=1e-12)


@pytest.mark.parametrize("n_factors", [1, 3, 7])
def test_equals_the_loop(n_factors):
    rng = np.random.default_rng(n_factors)
    factors = rng.random((n_factors, 6))
    np.testing.assert_allclose(group_recovery(GROUPS, factors), slow(GROUPS, factors), rtol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_loop_where_variables_share_equally(seed):
    factors = 0.1 + np.random.default_rng(seed).integers(0, 3, size=(4, 6))
    np.testing.assert_allclose(group_recovery(GROUPS, factors), slow(GROUPS, factors), rtol=1e-12)


def test_members_before_all_others_is_an_area_of_one_at_any_distance():
    found = group_recovery(GROUPS[:1], [[0.9, 0.1, 0.05, 0.04, 0.04, 0.0]])
    assert found.group_auc == found.top_auc == 1
    assert 0.2 < found.group_cosine < 0.5


def test_a_factor_of_nothing_is_at_distance_one():
    found = group_recovery(GROUPS[1:], np.zeros((1, 6)))
    assert found.group_cosine == found.top_cosine == 1
    assert found.group_auc == pytest.approx((1 + 2 / 6) / 2)


def test_only_the_first_five_factors_count_as_top():
    good, bad = GROUPS[0].astype(float), np.array([0.0, 0, 0, 0, 0, 1])
    assert group_recovery(GROUPS, [good] * 5 + [bad]).top_cosine == pytest.approx(0)
    assert group_recovery(GROUPS, [good] * 4 + [bad]).top_cosine == pytest.approx(1 / 5)


def test_the_order_of_variables_does_not_matter():
    rng = np.random.default_rng(0)
    factors, order = rng.random((3, 6)), rng.permutation(6)
    np.testing.assert_allclose(
        group_recovery(GROUPS, factors), group_recovery(GROUPS[:, order], factors[:, order])
    )


def test_hostile_input():
    with pytest.raises(ValueError, match="must have one column for each variable, 6"):
        group_recovery(GROUPS, np.ones((2, 5)))
    with pytest.raises(ValueError, match="must have a member in every group"):
        group_recovery(np.zeros((1, 6)), np.ones((2, 6)))
    with pytest.raises(ValueError, match="mutual_information"):
        group_recovery(GROUPS, np.full((2, 6), np.nan))
