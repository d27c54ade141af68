"""Covariance matrices whose factors are known."""

import numpy as np

SEEDS = range(3)


def one_factor(loadings):
    """Correlations of ``x_i = a_i z + noise``."""
    a = np.asarray(loadings, dtype=float)
    matrix = np.outer(a, a)
    np.fill_diagonal(matrix, 1.0)
    return matrix


def blocks(diagonal, groups):
    """A covariance with a constant within each group of variables."""
    matrix = np.zeros((len(diagonal), len(diagonal)))
    for members, value in groups:
        matrix[np.ix_(members, members)] = value
    np.fill_diagonal(matrix, diagonal)
    return matrix


# The two classes of the synthetic study of Kerby, White and Moon (2024), and its variant in which
# the groups of the second class cut across those of the first.
MODULAR = blocks(
    np.repeat([7.0, 3.0, 10.0, 5.0, 8.0], 5),
    [
        (range(5), 5.0),
        ([5, 6, 7, 8, 9, 12], 2.0),
        ([10, 11, 13, 14], 2.0),
        (range(15, 21), 4.0),
        (range(21, 25), 3.0),
    ],
)
DISJOINT = blocks(
    np.repeat([7.0, 6.0, 10.0, 6.0, 8.0], 5),
    [(range(r, 25, 5), value) for r, value in enumerate([5.0, 2.0, 2.0, 4.0, 3.0])],
)
OVERLAPPING = blocks(
    np.repeat([7.0, 3.0, 10.0, 5.0, 8.0], 5),
    [
        (range(5), 5.0),
        ([5, 6, 7, 8, 9, 12], 2.0),
        ([12, 15, 16, 17, 18, 19], 4.0),
        ([10, 11, 13, 14], 2.0),
        (range(20, 25), 3.0),
    ],
)
OVERLAPPING[5:10, 15:20] = OVERLAPPING[15:20, 5:10] = 2.0


def exact_samples(covariance, n, rng):
    """Samples whose mean is 0 and whose covariance is exactly `covariance`."""
    raw = rng.standard_normal((n, len(covariance)))
    raw -= raw.mean(0)
    whitening = np.linalg.inv(np.linalg.cholesky(raw.T @ raw / n)).T
    return raw @ whitening @ np.linalg.cholesky(covariance).T


def random_correlation(p, rng):
    """A dense correlation matrix."""
    factor = rng.standard_normal((p, p + 2))
    matrix = factor @ factor.T
    scale = np.sqrt(np.diag(matrix))
    return matrix / scale / scale[:, None]


def gaussian_total_correlation(correlation):
    return -0.5 * np.linalg.slogdet(correlation)[1]
