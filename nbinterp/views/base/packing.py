"""Arrays as compressed bytes, for the page and for saved notebooks."""

import zlib

import numpy as np
import numpy.typing as npt

from nbinterp._typing import AnyArray, BoolArray, FloatingArray

# Zlib gains little beyond this level, and a million points must not wait for it.
_LEVEL = 1
_NOWHERE = 2**32 - 1
_STEPS = 2.0**16  # across a map: at its largest zoom, a step is four pixels
_STEPS_OF_HALF = 2.0**12  # across the middle half of its samples, where some are far away
_ERROR_STEPS = 8.0  # in a standard error


def packed(array: AnyArray) -> bytes:
    """Return the bytes of `array`, compressed.

    All first bytes of its entries come first, then all second ones, and so on: bytes that are
    alike, such as the exponents of floats, then stand together. The front end undoes it in
    ``unpacked``.

    Examples
    --------
    >>> len(packed(np.arange(1000, dtype="<u4")))
    321
    """
    planes = np.ascontiguousarray(array).view(np.uint8).reshape(-1, array.itemsize).T
    return _compressed(planes.tobytes())


def _compressed(data: bytes) -> bytes:
    # Among noise, what looks like a repetition costs more than its bytes do.
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE)
    found = [zlib.compressobj(_LEVEL, strategy=strategy) for strategy in strategies]
    return min((one.compress(data) + one.flush() for one in found), key=len)


def rounded(values: FloatingArray, step: npt.ArrayLike) -> FloatingArray:
    """Return `values` rounded to multiples of the power of two at or below `step`.

    As floats these end in zeros, which take no room once they are `packed`.

    Examples
    --------
    >>> rounded(np.array([0.3, 1.24]), 0.6).tolist()
    [0.5, 1.0]
    """
    # Where a step is zero or unknown, values stay.
    power = np.floor(np.log2(step, out=np.full(np.shape(step), -126.0), where=np.greater(step, 0)))
    unit = np.exp2(power)
    return np.asarray(np.round(np.asarray(values, np.float64) / unit) * unit)


def packed_map(xy: FloatingArray) -> bytes:
    """Return positions ``(n, 2)`` as steps on a grid finer than a map can show.

    The least x and y and the width of a step come first, as float64, then uint32 numbers of steps,
    `packed`, of which the largest is for what is not finite. The front end undoes it in
    ``positions``.

    Examples
    --------
    >>> len(packed_map(np.random.default_rng(0).normal(size=(1000, 2)))) < 4200
    True
    """
    known = np.isfinite(xy).all(axis=1)
    finite = np.asarray(xy[known], np.float64)
    grid = np.full((len(xy), 2), _NOWHERE, "<u4")
    low, step = np.zeros(2), 1.0
    if len(finite):
        low = finite.min(axis=0)
        quarters = np.quantile(finite, [0.25, 0.75], axis=0)
        middle = float(np.ptp(quarters, axis=0).max())
        span = float(np.ptp(finite, axis=0).max())
        step = min(span / _STEPS, middle / _STEPS_OF_HALF if middle > 0 else np.inf)
        # One sample may be so far from all others that no number of steps reaches it.
        step = max(step, span / (_NOWHERE - 1)) or 1.0
        grid[known] = np.rint((finite - low) / step)
    return np.array([*low, step], "<f8").tobytes() + packed(grid)


def rounded_matrix(
    values: FloatingArray, errors: FloatingArray | None, beyond: BoolArray
) -> tuple[FloatingArray, FloatingArray | None]:
    """Return entries and errors as far as they are shown: three digits of one, two of the other.

    An entry beyond noise is kept to a part in 2000, one within noise to a sixteenth of its error,
    an error to a part in 30.
    """
    step = np.abs(values) / 2.0**10
    if errors is None:
        return rounded(values, step), None
    step = np.where(beyond, step, np.maximum(step, errors / _ERROR_STEPS))
    return rounded(values, step), rounded(errors, errors / 2.0**4)
