"""What is stable and what is special to a region: planted worlds, the threshold, and ranks."""

import numpy as np
import pytest

from nbinterp.corex.local.comparison import Comparison, levelled, split, stability_of

INF = np.inf


def comparison(**parts):
    nothing = {
        "stability": np.ones(2),
        "threshold": 0.7,
        "held_out": np.array([3.0, -1.0]),
        "held_out_total": 2.0,
        "random": np.array([[1.0, 0.0], [2.0, -1.0], [4.0, -2.0]]),
        "random_total": np.array([1.0, 2.0, 3.0]),
    }
    return Comparison(**(nothing | parts))


def test_ranks_count_random_selections_that_have_as_much():
    compared = comparison()
    assert compared.rank.tolist() == [2 / 4, 3 / 4]
    assert compared.rank_total == 3 / 4
    assert compared.special.tolist() == [False, False]
    assert comparison(held_out=np.array([4.1, 0.1])).special.tolist() == [True, True]
    # What is not found again is not special, whatever it explains.
    unstable = comparison(held_out=np.array([9.0, 9.0]), stability=np.array([0.7, 0.71]))
    assert unstable.special.tolist() == [False, True]


def test_without_random_selections_it_is_not_known_what_is_special():
    unknown = comparison(
        held_out=np.full(2, np.nan), random=np.empty((0, 2)), random_total=np.empty(0)
    )
    assert np.isnan(unknown.rank).all()
    assert unknown.stable.all() and unknown.special is None
    assert unknown.describe() == (
        "special to this region: not known "
        "(the method does not tell what factors explain in samples not fitted to)"
    )
    assert repr(unknown) == "Comparison(stable=2, special=not known, of 2 factors)"


def test_described_in_a_line():
    assert comparison().describe() == (
        "in samples not fitted to: 2.00 nats · in random selections: 2.00 · "
        "special to this region: none"
    )
    both = comparison(held_out=np.array([9.0, 9.0]))
    assert both.describe().endswith("special to this region: factors 0, 1")
    assert repr(both) == "Comparison(stable=2, special=2, of 2 factors)"
    few = comparison(
        stability=np.full(2, np.nan), random=np.empty((0, 2)), random_total=np.empty(0)
    )
    assert few.describe().endswith("not known (too few samples for halves, or no factor)")


def test_halves_share_no_row():
    rows = np.array([3, 5, 8, 13, 21])
    halves = split(np.random.default_rng(0), rows, 3)
    assert len(halves) == 6
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        assert (len(first), len(second)) == (2, 3)
        np.testing.assert_array_equal(np.sort(np.r_[first, second]), rows)


def test_the_largest_node_counts_as_the_second():
    table = np.array([[9.0, 1.0, 0.5], [0.0, 2.0, 2.0]])
    assert levelled(table).tolist() == [[1.0, 1.0, 0.5], [0.0, 2.0, 2.0]]
    assert levelled(np.ones((2, 1))).tolist() == [[1.0], [1.0]]


def test_stability_is_the_cosine_between_the_partners_in_both_halves():
    p = 40
    block = [np.where(np.arange(p) // 10 == k, 1.0, 0.0) for k in range(4)]
    fit = np.stack(block[:3])
    first, second = fit[[2, 0, 1]], np.stack([block[1], block[3], block[0] + block[2]])
    stability, threshold = stability_of(fit, [first, second], np.random.default_rng(0))
    # The second has no third: its factor 1 goes to one of the two that are left.
    assert stability[1] == pytest.approx(1.0)
    assert np.sort(stability)[:2] == pytest.approx([0.0, 0.5**0.5])
    assert 0.5**0.5 <= threshold < 1.0
    none, _ = stability_of(fit, [], np.random.default_rng(0))
    assert np.isnan(none).all()


def test_few_columns_need_more_to_be_found_again():
    """Of 4 columns, two factors are alike by chance; the threshold knows it."""
    fit = np.array([[1.0, 0.9, 0.1, 0.0], [0.0, 0.1, 0.8, 1.0]])
    _, few = stability_of(fit, [fit, fit], np.random.default_rng(0))
    wide = np.repeat(fit, 30, axis=1)
    _, many = stability_of(wide, [wide, wide], np.random.default_rng(0))
    assert few > 0.9 > many
