"""How far the sliders of factors may go, and what a page says of where they are."""

from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatArray

ROUNDING = 1e-6  # of float32, in which the page counts
_MOST_BYTES = 2**24  # of the frames of one answer


def check_reach(amounts: AnyArray, span: float) -> None:
    """Refuse amounts beyond the ends of the sliders."""
    wrong = amounts[~(np.abs(amounts) <= span * (1 + ROUNDING))]
    _checks.require(
        not len(wrong),
        f": amounts of {wrong.flat[0] if len(wrong) else 0:g}",
        f"must be from {-span:g} to {span:g}",
        "Stay within the sliders, or set a larger span.",
    )


def received(buffer: Any, n_factors: int, most: int, n_numbers: int) -> FloatArray:
    """Return the rows of amounts, at most `most`, that the page sent for frames of `n_numbers`.

    Examples
    --------
    >>> received(np.array([0.5, -1.0], "<f4").tobytes(), 2, 1, 784)
    array([[ 0.5, -1. ]])
    """
    data = bytes(buffer)
    steps, rest = divmod(len(data), 4 * n_factors)
    _checks.require(
        rest == 0 and 1 <= steps <= most,
        f"(<{len(data)} bytes>)",
        f"must be float32 amounts of {n_factors} factors, "
        + ("once" if most == 1 else f"1 to {most} times"),
        "Run the cell again.",
    )
    size = steps * 4 * n_numbers
    _checks.require(
        steps == 1 or size <= _MOST_BYTES,
        f" of {size / 2**20:.0f} MiB",
        f"must be at most {_MOST_BYTES / 2**20:.0f} MiB together",
        "Ask for fewer of them.",
    )
    return np.frombuffer(data, "<f4").astype(float).reshape(steps, n_factors)
