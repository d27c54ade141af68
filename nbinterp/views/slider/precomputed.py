"""Precomputed frames of each factor moved alone, for use without a kernel."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from nbinterp._typing import AnyArray, ByteArray, Float32Array, IntArray
from nbinterp.network import Perturbation

_MOST_BYTES = 400_000  # for all frames together, which are saved with the notebook
_POSITIONS = (25, 17, 13, 9)  # odd, so that 0 is one of them
_MOST_DECODED = 2**26  # bytes decoded in one call


@dataclass(frozen=True, eq=False)
class PrecomputedFrames:
    """Frames of each factor moved alone, from one end of its slider to the other.

    Parameters
    ----------
    amounts : ndarray of shape (k,)
        The positions of the slider; the middle one is 0.
    decoded : ndarray of shape (n_factors, k, n_kept), dtype uint8
        The decoded inputs; 0 and 255 are the ends of `limits`. It has no columns without a decoder.
    outputs : ndarray of shape (n_factors, k, n_outputs)
        The outputs of the network.
    limits : tuple of float
        The range of the decoded values, including the base.
    step : int
        Every `step`-th pixel is kept in each direction, or every `step`-th variable.
    """

    amounts: Float32Array
    decoded: ByteArray
    outputs: Float32Array
    limits: tuple[float, float]
    step: int

    def traits(self) -> dict[str, Any]:
        """Return the traits that send the frames to the page."""
        return {
            "_limits": list(self.limits),
            "_precomputed_amounts": self.amounts,
            "_precomputed_step": self.step,
            "_precomputed_decoded": self.decoded.tobytes(),
            "_precomputed_outputs": self.outputs.ravel(),
        }


def precompute(
    perturbation: Perturbation, span: float, *, wanted: bool = True
) -> PrecomputedFrames:
    """Return frames of each factor of `perturbation` moved alone.

    There are 25 positions per factor if all frames fit in 400 kB. Otherwise there are fewer, down
    to 9, and smaller images.

    Parameters
    ----------
    perturbation : Perturbation
        The base and the factors; its own frame also counts for the limits.
    span : float
        The positions go from ``-span`` to `span`.
    wanted : bool
        False computes only the limits, without frames.

    Returns
    -------
    PrecomputedFrames
    """
    n_factors = len(perturbation.factors)
    shape = layout(perturbation)
    count, step = plan(n_factors, shape)
    half = count // 2
    # Division of integers: the middle is exactly 0, and the ends are exactly the span.
    amounts = span * np.arange(-half, half + 1) / half if wanted else np.empty(0)
    steps = np.kron(np.eye(n_factors), amounts[:, None])  # one factor after the other
    places = kept(shape, step)
    decoded, outputs = _computed(perturbation, steps, places)
    limits = _limits(perturbation, decoded)
    return PrecomputedFrames(
        amounts.astype(np.float32),
        quantized(decoded, limits).reshape(n_factors, len(amounts), len(places)),
        outputs.reshape(n_factors, len(amounts), outputs.shape[1]),
        limits,
        step,
    )


def layout(perturbation: Perturbation) -> tuple[int, ...]:
    """Return the shape of a decoded row: (h, w), (h, w, 3), (n_features,), or (0,) for none."""
    if perturbation.baseline_decoded is None:
        return (0,)
    shape = perturbation.image_shape or ()
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    is_image = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    return shape if is_image else (len(perturbation.baseline_decoded),)


def plan(n_factors: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return the number of positions, and the step between pixels, that fit in 400 kB.

    Examples
    --------
    >>> plan(5, (28, 28)), plan(5, (64, 64)), plan(5, (64, 64, 3))
    ((25, 1), (17, 1), (25, 2))
    """
    step = 1
    while True:
        sides = [math.ceil(side / step) for side in shape[:2]]
        size = n_factors * math.prod(sides) * math.prod(shape[2:])
        fitting = [count for count in _POSITIONS if count * size <= _MOST_BYTES]
        if fitting or max(sides) <= 1:
            return (fitting or _POSITIONS[-1:])[0], step
        step += 1


def kept(shape: tuple[int, ...], step: int) -> IntArray:
    """Return the indices within a decoded row that are kept: every `step`-th.

    Examples
    --------
    >>> kept((3, 4), 2)
    array([ 0,  2,  8, 10])
    """
    places = np.arange(math.prod(shape)).reshape(shape)
    thinned: IntArray = places[(slice(None, None, step),) * min(len(shape), 2)]
    return thinned.ravel()


def quantized(values: Float32Array, limits: tuple[float, float]) -> ByteArray:
    """Scale `values` from `limits` to 0 to 255; NaN becomes 0."""
    low, high = limits
    shares = np.nan_to_num((values - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.clip(shares, 0, 1) * 255).round().astype(np.uint8)


def _computed(
    perturbation: Perturbation, steps: AnyArray, places: IntArray
) -> tuple[Float32Array, Float32Array]:
    """Return the kept decoded values and the outputs at all `steps`."""
    rows = max(1, _MOST_DECODED // (4 * math.prod(layout(perturbation)) or 1))
    decoded = [np.empty((0, len(places)), np.float32)]
    outputs = [np.empty((0, len(perturbation.baseline_outputs)), np.float32)]
    for start in range(0, len(steps), rows):
        part = perturbation.at(steps[start : start + rows])
        outputs.append(part.outputs)
        if part.decoded is not None:
            decoded.append(part.decoded[:, places])
    return np.concatenate(decoded), np.concatenate(outputs)


def _limits(perturbation: Perturbation, decoded: Float32Array) -> tuple[float, float]:
    """Return the range to draw: 0 to 1 for images within it, else the range of finite values."""
    shown = [decoded, perturbation.baseline_decoded, perturbation.decoded]
    values = np.concatenate([part.ravel() for part in shown if part is not None])
    values = values[np.isfinite(values)]
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not len(values) or (len(layout(perturbation)) > 1 and low >= 0 and high <= 1):
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)
