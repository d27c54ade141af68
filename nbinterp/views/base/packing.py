"""Compress arrays for the page and for saved notebooks."""

import zlib

import numpy as np
import numpy.typing as npt

from nbinterp._typing import AnyArray, BoolArray, FloatingArray

# Higher levels of zlib gain little and are too slow for a million points.
_LEVEL = 1
_NOWHERE = 2**32 - 1
_STEPS = 2.0**16  # across a map: at the largest zoom, a step is four pixels
_STEPS_OF_HALF = 2.0**12  # across the middle half of the samples, in case some are far away
_ERROR_STEPS = 8.0  # per standard error


def packed(array: AnyArray) -> bytes:
    """Return the bytes of `array`, compressed.

    The first bytes of all entries come first, then the second bytes, and so on. This groups similar
    bytes, such as the exponents of floats, which then compress better. ``unpacked`` in the front
    end reverses it.

    Examples
    --------
    >>> len(packed(np.arange(1000, dtype="<u4")))
    321
    """
    planes = np.ascontiguousarray(array).view(np.uint8).reshape(-1, array.itemsize).T
    return _compressed(planes.tobytes())


def _compressed(data: bytes) -> bytes:
    # In noisy data, default zlib finds matches that cost more than they save: try both.
    strategies = (zlib.Z_DEFAULT_STRATEGY, zlib.Z_RLE)
    found = [zlib.compressobj(_LEVEL, strategy=strategy) for strategy in strategies]
    return min((one.compress(data) + one.flush() for one in found), key=len)


def rounded(values: FloatingArray, step: npt.ArrayLike) -> FloatingArray:
    """Return `values` rounded to multiples of the power of two at or below `step`.

    The rounded floats end in zeros, which `packed` compresses away.

    Examples
    --------
    >>> rounded(np.array([0.3, 1.24]), 0.6).tolist()
    [0.5, 1.0]
    """
    # If a step is zero or unknown, values stay.
    power = np.floor(np.log2(step, out=np.full(np.shape(step), -126.0), where=np.greater(step, 0)))
    unit = np.exp2(power)
    return np.asarray(np.round(np.asarray(values, np.float64) / unit) * unit)


def packed_map(xy: FloatingArray) -> bytes:
    """Pack positions ``(n, 2)`` as steps on a grid finer than a map can show.

    The bytes start with the least x and y and the width of a step, as float64. Numbers of steps
    follow as uint32, `packed`; the largest number stands for values that are not finite.
    ``positions`` in the front end reverses it.

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
        # A sample may be too far from all others for any number of steps.
        step = max(step, span / (_NOWHERE - 1)) or 1.0
        grid[known] = np.rint((finite - low) / step)
    return np.array([*low, step], "<f8").tobytes() + packed(grid)


def rounded_matrix(
    values: FloatingArray, errors: FloatingArray | None, beyond: BoolArray
) -> tuple[FloatingArray, FloatingArray | None]:
    """Round entries and errors to what is shown: three digits of entries, two of errors.

    An entry beyond noise keeps a precision of 1 in 2000. An entry within noise keeps a sixteenth of
    its error. An error keeps 1 in 30.
    """
    step = np.abs(values) / 2.0**10
    if errors is None:
        return rounded(values, step), None
    step = np.where(beyond, step, np.maximum(step, errors / _ERROR_STEPS))
    return rounded(values, step), rounded(errors, errors / 2.0**4)
