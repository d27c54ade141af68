"""The regions of test images beside Table 4 of the paper."""

import numpy as np

from reproduction.regions import TABLE_4, composition, matched_share, mixed, partners


def test_table_4_has_the_test_images() -> None:
    assert len(TABLE_4) == 20
    listed = sum(sum(named.values()) for _, named in TABLE_4)
    assert 9_500 < listed <= 10_000  # three digits of each cluster are printed


def test_composition_counts_each_sample_once() -> None:
    counts = composition(np.array([0, 0, 1, 2, 2]), np.array([4, 4, 9, 9, 4]))
    assert counts.shape == (3, 10)
    assert counts[0, 4] == 2 and counts[1, 9] == 1 and counts[2, [4, 9]].tolist() == [1, 1]
    assert counts.sum() == 5


def test_mixed_regions_hold_the_least_share_of_both() -> None:
    counts = np.zeros((3, 10), dtype=int)
    counts[0, [4, 9]] = 80, 20
    counts[1, [4, 9]] = 81, 19
    counts[2, [4, 9, 0]] = 20, 20, 60
    assert mixed(counts, 4, 9) == [0, 2]


def test_partners_share_most_images() -> None:
    listed = ((99.0, {1: 10, 7: 2}), (98.0, {4: 6, 9: 6}))
    counts = np.zeros((3, 10), dtype=int)
    counts[0, [4, 9]] = 5, 7
    counts[1, 0] = 20
    counts[2, [1, 7]] = 9, 1
    assert partners(counts, listed).tolist() == [2, 0]
    assert matched_share(counts, listed) == (9 + 1 + 5 + 6) / 24
