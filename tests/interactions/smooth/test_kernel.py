"""The Gaussian has the given covariance, and its dual is Σ⁻¹δ."""

import numpy as np
import pytest
import torch

from nbinterp.interactions.smooth.kernel import noise

ROOT = np.array([[0.5, 0.0, 0.0], [0.2, 0.4, 0.0], [-0.1, 0.1, 0.3]])
FULL = ROOT @ ROOT.T


@pytest.mark.parametrize(
    ("sigma", "covariance", "expected"),
    [
        (None, None, 0.49 * np.eye(3)),
        (0.2, None, 0.04 * np.eye(3)),
        ([0.1, 0.2, 0.3], None, np.diag([0.01, 0.04, 0.09])),
        (None, FULL, FULL),
    ],
    ids=["default", "number", "diagonal", "full"],
)
def test_covariance_and_its_inverse(sigma, covariance, expected):
    made = noise(sigma, covariance, 0.7, 3).to(torch.device("cpu"), torch.float64)
    unit = torch.eye(3, dtype=torch.float64)
    deltas = (
        made.scale * made.spread(unit)
    ).numpy()  # rows L e_i: their squares sum to the covariance
    np.testing.assert_allclose(deltas.T @ deltas, expected, atol=1e-12)
    duals = made.dual(unit) / made.scale
    np.testing.assert_allclose(duals, deltas @ np.linalg.inv(expected), atol=1e-9)
    np.testing.assert_allclose(
        np.broadcast_to(made.deviations(), 3), np.sqrt(np.diag(expected)), rtol=1e-9
    )


@pytest.mark.parametrize(
    ("sigma", "covariance", "words"),
    [
        (0.1, FULL, "must be given only one of the two"),
        (0.0, None, "must be above 0"),
        ([1.0, 2.0], None, "one standard deviation per input, 3"),
        ([1.0, 0.0, 1.0], None, "must be positive and finite"),
        ([1.0, np.nan, 1.0], None, "must be positive and finite"),
        (None, FULL[:2], r"symmetric of shape \(3, 3\)"),
        (None, ROOT, "must be symmetric"),
        (None, np.diag([1.0, 0.0, 1.0]), "must be positive definite"),
    ],
)
def test_bad(sigma, covariance, words):
    with pytest.raises(ValueError, match=words):
        noise(sigma, covariance, 0.7, 3)
