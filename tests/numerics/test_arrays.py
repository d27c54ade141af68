"""Array functions for NumPy and torch: same values, same kind, and shared memory if promised."""

import numpy as np
import pytest
import torch

from nbinterp._numerics import arrays

VALUES = np.arange(12.0).reshape(1, 3, 4)
BOTH = [VALUES, torch.tensor(VALUES)]
both = pytest.mark.parametrize("array", BOTH, ids=["numpy", "torch"])


def kind(array):
    return type(array), str(array.dtype).removeprefix("torch."), tuple(array.shape)


def test_a_tensor_of_the_cpu_becomes_an_array_of_the_same_memory():
    tensor = torch.zeros(3)
    array = arrays.as_array(tensor)
    array[1] = 5.0
    assert isinstance(array, np.ndarray) and tensor.tolist() == [0.0, 5.0, 0.0]


@both
def test_new_arrays_are_of_the_kind_they_are_like(array):
    assert kind(arrays.full(array, (2, 5), 3.0)) == (type(array), "float64", (2, 5))
    assert arrays.to_host(arrays.full(array, (2, 5), 3.0)).tolist() == [[3.0] * 5] * 2
    assert kind(arrays.empty(array, (4,))) == (type(array), "float64", (4,))
    rows = arrays.to_device([2, 0], array)
    assert type(rows) is type(array)
    np.testing.assert_array_equal(arrays.to_host(array[0][rows]), VALUES[0, [2, 0]])


@both
def test_a_cast_to_the_same_type_copies_nothing(array):
    xp = arrays.namespace(array)
    same = arrays.cast(array, xp.float64)
    assert np.shares_memory(arrays.to_host(same), arrays.to_host(array))
    assert kind(arrays.cast(array, xp.float32)) == (type(array), "float32", (1, 3, 4))


@both
def test_a_diagonal_can_be_written_to(array):
    square = array[:, :, :3] + 0.0
    arrays.diagonal(square)[:] = -1.0
    expected = VALUES[:, :, :3].copy()
    expected[0][np.diag_indices(3)] = -1.0
    np.testing.assert_array_equal(arrays.to_host(square), expected)


@both
def test_dots_are_of_the_last_dimension(array):
    expected = (VALUES * VALUES).sum(-1)
    np.testing.assert_allclose(arrays.to_host(arrays.row_dots(array, array)), expected)
    assert arrays.on_host(array) is isinstance(array, np.ndarray)
