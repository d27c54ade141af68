import numpy as np

from reproduction.mnist import cluster_of

COUNTS = np.zeros((5, 10), int)
COUNTS[0, [4, 9]] = 500, 5
COUNTS[1, [4, 9, 7]] = 60, 200, 10
COUNTS[2, [4, 9, 0]] = 70, 70, 900  # mixes more of them, but holds zeros
COUNTS[3, [7, 9]] = 400, 10
COUNTS[4, [7, 9]] = 500, 300


def test_a_mixture_is_the_cluster_with_most_of_the_rarer_digit():
    assert cluster_of(COUNTS, (4, 9)) == 1


def test_the_cluster_of_one_digit_is_the_largest_pure_one():
    assert cluster_of(COUNTS, (7,)) == 3
