"""Subspace iteration against the dense solver."""

import numpy as np
import torch

from nbinterp._numerics.eigen import leading_eigenpairs


def test_equals_dense_solver():
    random = np.random.RandomState(0)
    axes = torch.linalg.qr(torch.as_tensor(random.standard_normal((80, 80)))).Q
    values = torch.as_tensor((-0.8) ** np.arange(80))
    matrix = axes * values @ axes.T
    found, vectors = leading_eigenpairs(
        matrix.__matmul__, 80, 6, random, n_iter=40, like=matrix, oversampling=10
    )
    torch.testing.assert_close(found, values[:6])
    torch.testing.assert_close(matrix @ vectors, vectors * found)
    torch.testing.assert_close(vectors.T @ vectors, torch.eye(6, dtype=torch.float64))
