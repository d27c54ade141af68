"""Means and standard errors of matrices, against NumPy."""

import numpy as np
import pytest
import torch

from nbinterp.interactions.smooth.mean_matrix import MeanMatrix


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_mean_and_error_are_those_of_the_blocks(dtype):
    blocks = torch.randn((9, 2, 3, 3), generator=torch.Generator().manual_seed(0)).to(dtype) + 5
    estimate = MeanMatrix()
    for i, block in enumerate(blocks):
        estimate.add(block)
        if i > 0:
            estimate.relative_error()  # reading it changes nothing
    symmetric = (0.5 * (blocks + blocks.mT)).double().numpy()
    np.testing.assert_allclose(estimate.mean, symmetric.mean(0), rtol=1e-6)
    np.testing.assert_allclose(
        estimate.standard_error, symmetric.std(0, ddof=1) / 3, rtol=1e-4, atol=1e-7
    )


def test_equal_blocks_have_no_error_and_pure_noise_an_infinite_one():
    same, noise = MeanMatrix(), MeanMatrix()
    for sign in (1.0, -1.0):
        same.add(torch.eye(2).repeat(1, 1, 1))
        noise.add(sign * torch.eye(2).repeat(1, 1, 1))
    assert same.relative_error().tolist() == [0.0]
    assert noise.relative_error().tolist() == [np.inf]
