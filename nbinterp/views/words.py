"""What a factor slider says of a frame, to its page and to its readers."""

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from nbinterp import _checks
from nbinterp.network import Perturbation
from nbinterp.views.core import Answer

_MOST_BYTES = 2**24  # of the frames of one answer


@dataclass(frozen=True)
class Latency:
    """How long frames took to be seen while sliders were dragged, in milliseconds."""

    count: int
    p50: float
    p95: float


class Base(traitlets.TraitType[int, Any]):
    """The row number of a sample, or -1 for the mean, also set as ``"mean"``."""

    info_text = 'the number of a sample, or "mean"'

    def validate(self, obj: Any, value: Any) -> int:
        """Return the number that stands for `value`."""
        if isinstance(value, str) and value == "mean":
            return -1
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < -1:
            self.error(obj, value)
        return int(value)


def answer(frames: Perturbation) -> Answer:
    """Return frames as the bytes that the page takes."""
    decoded = np.empty(0, np.float32) if frames.decoded is None else frames.decoded
    return Answer({}, [decoded.astype("<f4").tobytes(), frames.outputs.astype("<f4").tobytes()])


def first(frames: Perturbation) -> Perturbation:
    """Return the first of several frames alone."""
    return replace(
        frames,
        amounts=frames.amounts[:1],
        hidden=frames.hidden[:1],
        outputs=frames.outputs[:1],
        decoded=None if frames.decoded is None else frames.decoded[:1],
    )


def rows_of(kind: str, data: bytes, n_factors: int, most: int, decoded: Any) -> npt.NDArray[Any]:
    """Return the rows of amounts, at most `most`, in what the page sent for frames as `decoded`."""
    steps, rest = divmod(len(data), 4 * n_factors)
    _checks.require(
        rest == 0 and 1 <= steps <= most,
        f"{kind}(<{len(data)} bytes>)",
        f"must be float32 amounts of {n_factors} factors, "
        + ("once" if most == 1 else f"1 to {most} times"),
        "Run the cell again.",
    )
    size = steps * 4 * row(decoded).size
    _checks.require(
        steps == 1 or size <= _MOST_BYTES,
        f"{kind} of {size / 2**20:.0f} MiB",
        f"must be at most {_MOST_BYTES / 2**20:.0f} MiB together",
        "Ask for fewer of them.",
    )
    return np.frombuffer(data, "<f4").astype(float).reshape(steps, n_factors)


def base_of(index: int) -> str | int:
    """Return the base as `perturb` calls it."""
    return "mean" if index < 0 else index


def row(values: Any) -> npt.NDArray[Any]:
    """Return decoded values as one row, empty if there is no decoder."""
    return np.empty(0) if values is None else np.ravel(values)


def names_of(names: Sequence[str] | None, n_features: int) -> list[str]:
    """Return the names of decoded variables, numbers if they have none."""
    return [f"x{number}" for number in range(n_features)] if names is None else list(names)


def about_of(frame: Perturbation) -> str:
    """Return the caption."""
    signs = "up or down as it goes with the factor" if frame.direction == "signed" else "upwards"
    return f"layer {frame.layer} · 1 moves a node by its mutual information in nats, {signs}"


def warning_of(frame: Perturbation) -> str:
    """Return what is wrong with a frame, nothing if all is well."""
    parts = {"decoded values": frame.decoded, "outputs": frame.outputs}
    wrong = [
        name
        for name, values in parts.items()
        if values is not None and not np.isfinite(values).all()
    ]
    return f"Some {' and '.join(wrong)} are not finite." if wrong else ""
