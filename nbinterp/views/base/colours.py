"""Colours of the views: the palette of Okabe and Ito for categories, ramps for numbers."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from nbinterp._typing import AnyArray, ByteArray, FloatArray

# The front end has the same colours in shared/colours.ts.
OKABE_ITO = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#56b4e9", "#f0e442", "#7f7f7f",
)  # fmt: skip
_HUES = (*OKABE_ITO[:7], "#8c6bb1")
_SHIFTS = (0.0, 0.42, -0.36, 0.66, -0.58)  # to white, or to black
_RAMPS = {
    "grey": "000000 ffffff",
    "viridis": "440154 482878 3e4989 31688e 26828e 1f9e89 35b779 6ece58 b5de2b fde725",
    "diverging": "00395a 0072b2 7fb6d9 f5f5f5 eaa97a d55e00 6e2f00",
}


def rgb(codes: Sequence[str]) -> FloatArray:
    """Convert colours such as ``"#e69f00"`` or ``"e69f00"`` to an array ``(n, 3)``.

    Examples
    --------
    >>> rgb(["#0072b2"])
    array([[  0., 114., 178.]])
    """
    return np.array([list(bytes.fromhex(code.lstrip("#"))) for code in codes], float)


def ramp(values: npt.ArrayLike, name: str) -> ByteArray:
    """Return the colours ``(..., 3)`` of `values` within [0, 1] on the ramp `name`."""
    stops = rgb(_RAMPS[name].split())
    at = np.linspace(0, 1, len(stops))
    clipped: AnyArray = np.clip(np.nan_to_num(values), 0, 1)
    channels = [np.interp(clipped, at, stops[:, channel]) for channel in range(3)]
    return np.stack(channels, axis=-1).round().astype(np.uint8)


def categorical(count: int) -> list[str]:
    """Return `count` colours: those of Okabe and Ito, then lighter and darker shades.

    Examples
    --------
    >>> categorical(2)
    ['#0072b2', '#e69f00']
    """
    if count <= len(OKABE_ITO):
        return list(OKABE_ITO[:count])
    place = np.arange(count)
    shift = np.array(_SHIFTS)[place // len(_HUES) % len(_SHIFTS), None]
    pure = rgb(_HUES)[place % len(_HUES)]
    mixed = pure + (np.where(shift > 0, 255.0, 0.0) - pure) * abs(shift)
    return [f"#{bytes(colour).hex()}" for colour in mixed.round().astype(np.uint8)]
