"""Each direction is standard normal, and together they have the geometry of their sampling."""

import numpy as np
import pytest
import torch
from scipy.stats import chi2, kstest, norm
from torch import nn

from nbinterp.interactions.smooth import directions
from nbinterp.interactions.smooth.directions import SAMPLINGS, Directions, blocks

CPU = torch.device("cpu")


def stream(sampling, d, seed=0):
    return Directions(sampling, d, seed, CPU, torch.float64)


@pytest.mark.parametrize("sampling", SAMPLINGS)
@pytest.mark.parametrize("reused", [False, True])
def test_each_direction_is_standard_normal(sampling, reused, monkeypatch):
    if reused:  # frames are reused with random signs, as in many dimensions
        monkeypatch.setattr(directions, "CHEAP_FRAME", 0)
        monkeypatch.setattr(directions, "USES_PER_FRAME", 2)
    source = stream(sampling, 5)
    z = torch.cat([source.draw(10).clone() for _ in range(800)]).numpy()
    # Rows of a frame are not independent, so the tolerances are wide.
    bias = 0.06 if sampling == "moment_matched" else 0.025
    assert all(kstest(column, norm.cdf).statistic < bias for column in z.T)
    if sampling != "moment_matched":
        assert kstest((z**2).sum(1), chi2(5).cdf).statistic < 0.025
    np.testing.assert_allclose(z.T @ z / len(z), np.eye(5), atol=0.06)


@pytest.mark.parametrize("rows", [1, 3, 4])
def test_frames_are_orthonormal_and_uniform(rows):
    source = stream("orthogonal", 4)
    if rows == 4:
        z = source.draw(80_000).reshape(-1, 4, 4)
    else:  # fewer directions than coordinates: each draw is one frame
        z = torch.stack([source.draw(rows).clone() for _ in range(6000)])
    frames = nn.functional.normalize(z, dim=-1)
    torch.testing.assert_close(
        frames @ frames.mT, torch.eye(rows, dtype=torch.float64).expand(len(z), -1, -1)
    )
    # Uniform rows have E q² = 1/d, E q⁴ = 3 / (d (d + 2)) and mean zero.
    np.testing.assert_allclose(frames.square().mean(0), 1 / 4, atol=0.01)
    np.testing.assert_allclose(frames.pow(4).mean(0), 3 / 24, atol=0.01)
    np.testing.assert_allclose(frames.mean(0), 0, atol=0.02)


@pytest.mark.parametrize("cheap", [0, 256])
def test_orthogonal_blocks(cheap, monkeypatch):
    monkeypatch.setattr(directions, "CHEAP_FRAME", cheap)
    z = stream("orthogonal", 6).draw(15)
    for block in (z[:6], z[6:12], z[12:]):
        gram = block @ block.T
        off = gram - gram.diagonal().diag()
        assert float(off.abs().max()) < 1e-12
    assert float((z[:6] @ z[6:12].T).abs().max()) > 0.01


def test_moment_matching():
    z = stream("moment_matched", 4).draw(9)
    torch.testing.assert_close(z.T @ z / 9, torch.eye(4, dtype=torch.float64))


@pytest.mark.parametrize("sampling", SAMPLINGS)
def test_a_seed_gives_one_stream(sampling):
    one, same, other = (stream(sampling, 5, seed) for seed in (0, 0, 1))
    for _ in range(2):
        z = one.draw(7).clone()
        assert torch.equal(z, same.draw(7)) and not torch.equal(z, other.draw(7))


def test_blocks_hold_whole_frames():
    assert blocks("plain", 100, 8, 10) == (10, 10)
    assert blocks("orthogonal", 10_000, 784, 8) == (12, 784)
    assert blocks("orthogonal", 800, 784, 8) == (8, 100)
    assert blocks("moment_matched", 100, 30, 10) == (3, 30)
    assert blocks("plain", 8, 3, 32) == (4, 2)
