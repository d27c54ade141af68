"""Packed values equal the values in Python, to the promised precision."""

import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from nbinterp.views.base.packing import packed, packed_map, rounded, rounded_matrix


def unpack(data, dtype):
    """Undo `packed`, as the front end does."""
    planes = np.frombuffer(zlib.decompress(data), np.uint8)
    return planes.reshape(np.dtype(dtype).itemsize, -1).T.ravel().view(dtype)


def positions(data):
    """Undo `packed_map`, as the front end does."""
    *low, step = np.frombuffer(data[:24], "<f8")
    grid = unpack(data[24:], "<u4").reshape(-1, 2)
    return np.where(grid == 2**32 - 1, np.nan, low + step * grid).astype("<f4")


@given(arrays(st.sampled_from(["<f4", "<u4", "<u2", "u1", "<i4"]), array_shapes(min_side=0)))
def test_every_array_comes_back(array):
    back = unpack(packed(array), array.dtype)
    assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_positions_are_on_a_grid_finer_than_the_screen(scale):
    xy = (scale * np.random.default_rng(0).normal(size=(500, 2))).astype("<f4")
    xy[3] = np.nan
    data = packed_map(xy)
    back = positions(data)
    np.testing.assert_array_equal(np.isnan(back), np.isnan(xy))
    assert np.nanmax(np.abs(back - xy)) <= np.nanmax(np.ptp(np.delete(xy, 3, 0), axis=0)) / 2**17
    assert len(data) < 0.62 * len(packed(np.nan_to_num(xy)))


def test_samples_stay_apart_where_one_is_far_away():
    xy = np.random.default_rng(0).normal(size=(500, 2)).astype("<f4")
    xy[0] = 1e6
    back = positions(packed_map(xy))
    assert np.abs(back - xy)[1:].max() < 1e-3


@pytest.mark.parametrize("xy", [np.empty((0, 2), "<f4"), np.full((3, 2), 7.5, "<f4")])
def test_maps_without_extent_stay(xy):
    np.testing.assert_array_equal(positions(packed_map(xy)), xy)


def test_entries_keep_what_their_errors_allow():
    rng = np.random.default_rng(0)
    values, errors = rng.normal(size=200), 10 ** rng.uniform(-6, 1, size=200)
    values[0] = errors[1] = 0.0
    beyond = np.abs(values) > 3 * errors
    some, their = rounded_matrix(values, errors, beyond)
    np.testing.assert_allclose(some[beyond], values[beyond], rtol=1 / 2048)
    assert (np.abs(some - values) <= np.maximum(errors / 16, np.abs(values) / 2048)).all()
    np.testing.assert_allclose(their, errors, rtol=1 / 32)
    alone, nothing = rounded_matrix(values, None, beyond)
    np.testing.assert_allclose(alone, values, rtol=1 / 2048)
    assert nothing is None
    assert rounded(np.array([0.3]), 0.0).tolist() == [0.3]
