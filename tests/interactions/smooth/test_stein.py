"""Stein's lemma: a slow replica, and batches that change nothing."""

import numpy as np
import pytest
import torch

from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.interactions.smooth.kernel import Noise
from nbinterp.interactions.smooth.stein import Stein

D, N = 4, 10
RANDOM = torch.Generator().manual_seed(0)
Z = torch.randn((N, D), generator=RANDOM, dtype=torch.float64)
X = torch.randn((3, D), generator=RANDOM, dtype=torch.float64)
ROOT = torch.randn((D, D), generator=RANDOM, dtype=torch.float64).tril() + 2 * torch.eye(D)
FUNCTION = ScalarFunction(lambda x: x.sin().prod(1), None, (D,))
NOISES = {
    "number": Noise(0.3),
    "diagonal": Noise(1.0, torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)),
    "full": Noise(1.0, ROOT.double()),
}


def slow(noise, is_paired, is_centred):
    """Return ``mean of Σ⁻¹ δ ∇f(x + δ)ᵀ`` and the mean gradient, one direction at a time."""
    lower = noise.scale * noise.spread(torch.eye(D, dtype=torch.float64)).T
    inverse = torch.linalg.inv(lower @ lower.T)
    deltas = [sign * lower @ z for sign in ((1, -1) if is_paired else (1,)) for z in Z]
    matrices, means = [], []
    for x in X:
        slopes = [FUNCTION.gradients((x + delta)[None])[0] for delta in deltas]
        mean = sum(slopes) / len(slopes)
        shift = mean if is_centred else 0 * mean
        terms = [
            torch.outer(inverse @ delta, slope - shift)
            for delta, slope in zip(deltas, slopes, strict=True)
        ]
        matrices.append(sum(terms) / (len(terms) - is_centred))
        means.append(mean)
    return torch.stack(matrices), torch.stack(means)


@pytest.mark.parametrize("noise", NOISES.values(), ids=NOISES)
@pytest.mark.parametrize(("is_paired", "is_centred"), [(True, False), (False, True)])
@pytest.mark.parametrize("batch_size", [None, 1, 7, 100])
def test_against_a_loop(noise, is_paired, is_centred, batch_size):
    stein = Stein(FUNCTION, noise, None, is_paired, is_centred, batch_size)
    expected, slopes = slow(noise, is_paired, is_centred)
    for _ in range(2):  # buffers are reused
        matrices, mean = stein.matrices(X, Z)
        torch.testing.assert_close(matrices, expected)
        torch.testing.assert_close(mean, slopes)
    factors, mean = stein.factors(X, Z)
    torch.testing.assert_close(mean, slopes)
    for low, matrix in zip(factors, expected, strict=True):
        both = low.product(torch.eye(D, dtype=torch.float64))
        torch.testing.assert_close(both, (matrix + matrix.T) / 2)


def test_groups_and_outputs_by_sample():
    members = torch.tensor([[1, 0], [0, 1], [1, 0], [0, 0]], dtype=torch.float64)
    expected, _ = Stein(FUNCTION, Noise(0.3)).matrices(X, Z)
    grouped, _ = Stein(FUNCTION, Noise(0.3), members).matrices(X, Z)
    torch.testing.assert_close(grouped, members.T @ expected @ members)

    def model(x):
        return torch.stack([x.sin().prod(1), x.cos().prod(1)], dim=1)

    own, _ = Stein(ScalarFunction(model, (0, 1, 0), (D,)), Noise(0.3)).matrices(X, Z)
    torch.testing.assert_close(own[[0, 2]], expected[[0, 2]])
    second, _ = Stein(ScalarFunction(model, 1, (D,)), Noise(0.3)).matrices(X, Z)
    torch.testing.assert_close(own[1], second[1])


def test_a_mean_gradient_that_is_not_finite_is_refused():
    rooted = ScalarFunction(lambda x: x.sqrt().sum(1), None, (D,))
    with pytest.raises(ValueError, match="must have finite gradients near the samples"):
        Stein(rooted, Noise(0.3)).matrices(torch.zeros_like(X), Z)


def test_gradients_that_share_memory_are_not_overwritten():
    weights = torch.arange(4.0, dtype=torch.float64)
    plane = ScalarFunction(lambda x: x @ weights, None, (D,))
    matrices, mean = Stein(plane, Noise(0.3)).matrices(X, Z)
    assert not matrices.any() and weights.tolist() == [0, 1, 2, 3]
    np.testing.assert_allclose(mean, weights.expand(3, -1))
