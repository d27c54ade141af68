import numpy as np
import pytest

from nbinterp.network.recording import blocks

SIZES = [(7, 5), (300, 1000)]  # by one thread, by all
HALF = float(np.finfo(np.float16).max)
NEXT = float(np.nextafter(np.float32(HALF), np.float32(np.inf)))
WHOLE = float(np.finfo(np.float32).max)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("turn", [np.asarray, np.transpose, lambda block: block[:, ::2]])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 65505.0, -65505.0])
def test_one_value_is_enough(shape, turn, value):
    block = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    block[:, 0] = HALF
    block[:, 2] = -HALF
    assert blocks.within(turn(block), HALF)
    for place in (0, -1):
        broken = block.copy()
        broken[place, 2] = value
        assert not blocks.within(turn(broken), HALF)
        assert blocks.within(turn(broken), WHOLE) == np.isfinite(value)


@pytest.mark.parametrize("limit", [HALF, WHOLE])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 65505.0, -NEXT])
def test_one_value_among_small_ones_is_enough(limit, value):
    block = np.full((300, 200), 1e-3, np.float32)  # so that their squares add nothing
    assert blocks.within(block, limit)
    block[150, 100] = np.copysign(HALF, value)
    assert blocks.within(block, limit)
    block[150, 100] = np.float32(value)
    assert blocks.within(block, limit) == (limit == WHOLE and np.isfinite(value))


def test_the_largest_values_are_finite():
    for shape in SIZES:
        assert blocks.within(np.full(shape, WHOLE, np.float32), WHOLE)
        assert blocks.within(np.full(shape, -WHOLE, np.float32), WHOLE)
    assert blocks.within(np.empty((3, 0), np.float32), WHOLE)


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_copies_are_equal(shape, dtype):
    block = np.random.default_rng(0).normal(size=shape[::-1]).astype(np.float32).T
    target = np.zeros((shape[0] + 2, shape[1]), dtype)
    blocks.copy(target[1:-1], block)
    np.testing.assert_array_equal(target[1:-1], block.astype(dtype))
    assert not target[[0, -1]].any()


@pytest.mark.parametrize("n", [0, 3, 2**10, 2**10 + 1, 1500])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_large_arrays_lie_on_huge_pages(n, dtype):
    array = blocks.empty((n, 32, 64), dtype)
    assert array.shape == (n, 32, 64) and array.dtype == dtype
    assert array.flags.c_contiguous and array.flags.writeable
    if array.nbytes >= 2**22:
        assert array.ctypes.data % 2**21 == 0
    array[...] = 3  # up to its end
    assert (array == 3).all()
