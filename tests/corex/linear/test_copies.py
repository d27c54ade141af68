"""Columns that are copies of others are counted exactly, in time that grows with the columns."""

import threading
from concurrent.futures import CancelledError

import numpy as np
import pytest
import torch

from nbinterp._numerics.progress import ProgressToken, tracking
from nbinterp.corex.linear.copies import copies_in_matrix, copies_in_scores, least_correlation


def unit_columns(n, p, rng):
    z = rng.normal(size=(n, p))
    z -= z.mean(0)
    return z / np.linalg.norm(z, axis=0)


def planted(rng, n, p, noise):
    """Some columns that copy others, exactly, nearly, with the other sign, and many times."""
    z = unit_columns(n, p, rng)
    new = [z[:, :5], -z[:, 3:8], *[z[:, 9:10]] * 6]
    new += [sign * z[:, 10:14] + noise * unit_columns(n, 4, rng) for sign in (1, -1)]
    return torch.from_numpy(rng.permutation(np.concatenate([z, *new], axis=1), axis=1))


@pytest.mark.parametrize("noise_floor", [0.0, 0.01, 0.1, 0.4])
@pytest.mark.parametrize("n", [3, 5, 12, 60])
def test_as_many_as_in_the_matrix_of_all_correlations(n, noise_floor):
    rng = np.random.default_rng(n)
    for noise in (1e-9, 0.5 * noise_floor, 0.9 * noise_floor, 1.1 * noise_floor):
        z = planted(rng, n, 150, noise)
        z = z / z.norm(dim=0)
        least = least_correlation(noise_floor)
        assert copies_in_scores(z, least) == copies_in_matrix(z.mT @ z, least)


def test_columns_alike_in_the_coordinates_alone_are_no_copies():
    # A few directions hold nearly all of every column. What differs is spread over many others:
    # the nearest column in those few is often none within reach, while another one is.
    rng = np.random.default_rng(0)
    common = np.tile(rng.normal(size=(20, 1)), 400)
    z = np.concatenate([common, 0.05 * rng.normal(size=(60, 400))])
    z = torch.from_numpy(z / np.linalg.norm(z, axis=0))
    least = least_correlation(0.068)
    expected = copies_in_matrix(z.mT @ z, least)
    assert 0 < expected < 400 and copies_in_scores(z, least) == expected


def test_constant_columns_are_no_copies():
    z = torch.zeros(4, 3, dtype=torch.float64)
    z[0, 0] = 1.0
    assert copies_in_scores(z, 0.99) == 0


def test_no_matrix_of_all_columns_is_formed(monkeypatch):
    widest = 0

    class Watch(torch.overrides.TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            nonlocal widest
            out = func(*args, **(kwargs or {}))
            if isinstance(out, torch.Tensor):
                widest = max(widest, out.numel())
            return out

    z = torch.from_numpy(unit_columns(12, 20_000, np.random.default_rng(0)))
    with Watch():
        assert copies_in_scores(z, least_correlation(0.01)) == 0
    assert widest <= 20 * 20_000


def test_a_cancelled_job_ends():
    stop = threading.Event()
    stop.set()
    z = torch.from_numpy(unit_columns(12, 100, np.random.default_rng(0)))
    with tracking(ProgressToken(stop)), pytest.raises(CancelledError):
        copies_in_scores(z, 0.99)
