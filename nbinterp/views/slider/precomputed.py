"""What each slider alone would show, for a notebook or page that has no kernel."""

import math
from dataclasses import dataclass

import numpy as np

from nbinterp._typing import AnyArray, ByteArray, Float32Array, IntArray
from nbinterp.network import Perturbation

_MOST_BYTES = 400_000  # of all strips together: they are saved with the notebook
_POSITIONS = (25, 17, 13, 9)  # odd, so that 0 is among them
_MOST_DECODED = 2**26  # bytes that are decoded in one go


@dataclass(frozen=True, eq=False)
class Film:
    """Frames of each factor turned alone, from one end of its slider to the other.

    Parameters
    ----------
    amounts : ndarray of shape (k,)
        Where the sliders stand in the frames; 0 is in the middle.
    decoded : ndarray of shape (n_factors, k, n_kept), dtype uint8
        The decoded inputs, 0 and 255 being the ends of `limits`. No column without a decoder.
    outputs : ndarray of shape (n_factors, k, n_outputs)
        What the network puts out.
    limits : tuple of float
        The range of the decoded values, those of the base among them.
    step : int
        Every so manieth pixel is kept in each direction, or every so manieth variable.
    """

    amounts: Float32Array
    decoded: ByteArray
    outputs: Float32Array
    limits: tuple[float, float]
    step: int


def film(perturbation: Perturbation, span: float, *, wanted: bool = True) -> Film:
    """Return the film of the factors of `perturbation`, which holds the frame shown now.

    It has 25 positions a factor where all together stay under 400 kB, else fewer, down to 9, and
    smaller images.

    Parameters
    ----------
    perturbation : Perturbation
        The base and the factors.
    span : float
        The positions go from ``-span`` to `span`.
    wanted : bool
        False for no frames, of which then only the limits are known.

    Returns
    -------
    Film
    """
    n_factors = len(perturbation.factors)
    shape = layout(perturbation)
    count, step = plan(n_factors, shape)
    half = count // 2
    # A quotient of whole numbers: the middle is 0 exactly, the ends are the span.
    amounts = span * np.arange(-half, half + 1) / half if wanted else np.empty(0)
    steps = np.kron(np.eye(n_factors), amounts[:, None])  # one factor after the other
    places = kept(shape, step)
    decoded, outputs = _developed(perturbation, steps, places)
    limits = _limits(perturbation, decoded)
    return Film(
        amounts.astype(np.float32),
        quantized(decoded, limits).reshape(n_factors, len(amounts), len(places)),
        outputs.reshape(n_factors, len(amounts), outputs.shape[1]),
        limits,
        step,
    )


def layout(perturbation: Perturbation) -> tuple[int, ...]:
    """Return how a decoded row is laid out: (h, w), (h, w, 3), (n_features,), or (0,) for none."""
    if perturbation.baseline_decoded is None:
        return (0,)
    shape = perturbation.image_shape or ()
    if len(shape) == 3 and shape[2] == 1:
        shape = shape[:2]
    is_image = len(shape) == 2 or (len(shape) == 3 and shape[2] == 3)
    return shape if is_image else (len(perturbation.baseline_decoded),)


def plan(n_factors: int, shape: tuple[int, ...]) -> tuple[int, int]:
    """Return how many positions, and every which pixel, keep the strips within the limit.

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
    """Return the places within a decoded row that a strip keeps.

    Examples
    --------
    >>> kept((3, 4), 2)
    array([ 0,  2,  8, 10])
    """
    places = np.arange(math.prod(shape)).reshape(shape)
    thinned: IntArray = places[(slice(None, None, step),) * min(len(shape), 2)]
    return thinned.ravel()


def quantized(values: Float32Array, limits: tuple[float, float]) -> ByteArray:
    """Return `values` as 0 to 255 over `limits`; what is not a number is the lower of them."""
    low, high = limits
    shares = np.nan_to_num((values - low) / (high - low), nan=0.0, posinf=1.0, neginf=0.0)
    return np.asarray(np.clip(shares, 0, 1) * 255).round().astype(np.uint8)


def _developed(
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
    """Return the range to draw in: 0 to 1 for images within it, else that of what is known."""
    shown = [decoded, perturbation.baseline_decoded, perturbation.decoded]
    values = np.concatenate([part.ravel() for part in shown if part is not None])
    values = values[np.isfinite(values)]
    low, high = float(values.min(initial=np.inf)), float(values.max(initial=-np.inf))
    if not len(values) or (len(layout(perturbation)) > 1 and low >= 0 and high <= 1):
        return 0.0, 1.0
    return (low, high) if high > low else (low - 0.5, high + 0.5)
