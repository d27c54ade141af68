"""Data with known structure for Bio CorEx."""

import numpy as np
import torch

from nbinterp.corex.bio.columns import learn_bio_columns

CPU = torch.device("cpu")


def mixed_world(seed=0, n=200, missing=0.15):
    """Two groupings of samples behind Gaussian and discrete columns, with holes."""
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 2, n), rng.integers(0, 3, n)
    X = np.empty((n, 9))
    X[:, 0:3] = 40.0 + 7.0 * (2.0 * a[:, None] + rng.normal(size=(n, 3)))
    X[:, 3] = (a + (rng.random(n) < 0.2)) % 2
    X[:, 4:6] = 0.1 * (1.5 * b[:, None] + rng.normal(size=(n, 2)))
    X[:, 6:8] = np.where(rng.random((n, 2)) < 0.8, b[:, None], rng.integers(0, 3, (n, 2))) * 5 - 3
    X[:, 8] = rng.normal(size=n)
    X[rng.random(X.shape) < missing] = np.nan
    return X, np.isin(np.arange(9), (3, 6, 7))


def families(discrete):
    return np.where(discrete, "discrete", "gaussian").tolist()


def table_of(X, discrete, floor=0.01):
    columns = learn_bio_columns(X, families(discrete), floor)
    return columns, columns.table(X, CPU, torch.float64)


def start(table, r, m, k, seed=0):
    rng = np.random.RandomState(seed)
    q = rng.standard_exponential((r, m, k, table.n_samples))
    jitter = torch.as_tensor(rng.random_sample((r, m, len(table.varying))))
    return torch.as_tensor(q / q.sum(2, keepdims=True)), jitter
