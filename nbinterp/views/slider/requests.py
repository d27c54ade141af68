"""Compute the frames that the page of a slider requests, and check the requests."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nbinterp import _checks
from nbinterp._typing import AnyArray, FloatArray
from nbinterp.network import Perturbation
from nbinterp.views.base.view import Answer

ROUNDING = 1e-6  # relative; the page computes in float32
_MOST_FRAMES = 64  # in one answer
_MOST_BYTES = 2**24  # for the decoded frames in one answer


@dataclass(frozen=True)
class Latency:
    """How long exact frames took during a drag, in milliseconds, as measured by the page."""

    count: int
    p50: float
    p95: float

    @classmethod
    def reported(cls, count: Any, p50: Any, p95: Any) -> "Latency":
        """Return the times that the page reported; refuse impossible numbers."""
        return cls(
            _checks.integer("count", count, 0),
            _checks.real("p50", p50, 0),
            _checks.real("p95", p95, 0),
        )


class FrameCache:
    """Computes frames and keeps the newest one, so that the end of a drag can reuse it."""

    def __init__(self, newest: Perturbation) -> None:
        self.newest = newest

    def at(self, base: Perturbation, amounts: AnyArray) -> Perturbation:
        """Return the frame at `amounts`, with the base and factors of `base`."""
        newest = self.newest
        is_known = (
            newest.base_name == base.base_name
            and np.array_equal(newest.base_samples, base.base_samples)
            and np.array_equal(newest.amounts, amounts[None])
        )
        if not is_known:
            self.newest = base.at(amounts)
        return self.newest

    def drag(self, base: Perturbation, steps: AnyArray) -> Perturbation:
        """Return the frames at `steps`, and keep the first, which is at the pointer."""
        if len(steps) == 1:
            return self.at(base, steps[0])
        frames = base.at(steps)
        self.newest = _first(frames)
        return frames


def check_reach(amounts: AnyArray, span: float) -> None:
    """Check that amounts are within the ends of the sliders."""
    wrong = amounts[~(np.abs(amounts) <= span * (1 + ROUNDING))]
    _checks.require(
        not len(wrong),
        f"(amounts={wrong.flat[0] if len(wrong) else 0:g})",
        f"must be from {-span:g} to {span:g}",
        "Stay within the sliders, or set a larger span.",
    )


def read_amounts(
    buffer: Any, frame: Perturbation, span: float, *, most: int = _MOST_FRAMES
) -> FloatArray:
    """Read at most `most` rows of amounts, from the page, for the factors of `frame`."""
    n_numbers = 0 if frame.baseline_decoded is None else frame.baseline_decoded.size
    amounts = _rows(buffer, len(frame.factors), most, n_numbers)
    check_reach(amounts, span)
    return amounts


def as_answer(frames: Perturbation) -> Answer:
    """Return the decoded inputs and the outputs of frames as bytes for the page."""
    decoded = np.empty(0, np.float32) if frames.decoded is None else frames.decoded
    return Answer({}, [decoded.astype("<f4").tobytes(), frames.outputs.astype("<f4").tobytes()])


def _rows(buffer: Any, n_factors: int, most: int, n_numbers: int) -> FloatArray:
    """Read rows of amounts from bytes; `n_numbers` is the size of a decoded frame."""
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


def _first(frames: Perturbation) -> Perturbation:
    """Return the first of several frames."""
    return replace(
        frames,
        amounts=frames.amounts[:1],
        hidden=frames.hidden[:1],
        outputs=frames.outputs[:1],
        decoded=None if frames.decoded is None else frames.decoded[:1],
    )
