import numpy as np
import torch

from nbinterp.distance.stream.sampling import Sampler


def seed():
    return np.random.RandomState(0)


def test_one_row_a_sample_is_kept_as_it_is():
    sampler, z = Sampler(seed()), torch.arange(12.0).reshape(6, 2)
    for start in (0, 4):
        part = z[start : start + 4]
        sampler.add(start, len(part), part, torch.arange(6)[start : start + 4])
    found = sampler.result()
    assert found.stride == 1
    np.testing.assert_array_equal(found.means, z)
    np.testing.assert_array_equal(found.rows, z)
    assert found.codes.tolist() == list(range(6))


def test_too_many_are_thinned_evenly():
    sampler = Sampler(seed(), most_bytes=8 * 3 * 50)
    z = torch.arange(1000.0).repeat(3, 1).T
    for start in range(0, 1000, 7):
        part = z[start : start + 7]
        sampler.add(start, len(part), part, torch.zeros(len(part), dtype=torch.int64))
    found = sampler.result()
    assert found.stride in (32, 64)
    assert found.means[:, 0].tolist() == list(range(0, 1000, found.stride))


def test_of_many_rows_their_mean_and_one_of_them():
    sampler = Sampler(seed())
    z = torch.arange(3000.0)[:, None]
    codes = torch.arange(3000) % 3
    sampler.add(0, 1000, z, codes)
    found = sampler.result()
    np.testing.assert_array_equal(found.means[:, 0], np.arange(1000) * 3 + 1)
    place = found.rows[:, 0] - np.arange(1000) * 3
    np.testing.assert_array_equal(place, found.codes)
    assert np.bincount(place.astype(int)).min() > 280
