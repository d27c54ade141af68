"""What a factor slider says of a frame, to its page and to its readers."""

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from nbinterp._typing import AnyArray, IntArray
from nbinterp.network import Perturbation
from nbinterp.views.base.view import Answer


@dataclass(frozen=True)
class Latency:
    """How long frames took to be seen while sliders were dragged, in milliseconds."""

    count: int
    p50: float
    p95: float


class Base(traitlets.TraitType[int, Any]):
    """The row number of a sample, -1 for the mean, also set as ``"mean"``, -2 for that of some."""

    info_text = 'the number of a sample, or "mean"'

    def validate(self, obj: Any, value: Any) -> int:
        """Return the number that stands for `value`."""
        if isinstance(value, str) and value == "mean":
            return -1
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < -2:
            self.error(obj, value)
        return int(value)

    def set(self, obj: Any, value: Any) -> None:
        """Set it with all that follows, while nothing else is put on the sliders."""
        with obj._lock:
            super().set(obj, value)


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


def base_of(index: int, samples: IntArray) -> str | int | npt.ArrayLike:
    """Return the base as `perturb` calls it; -2 stands for the mean of `samples`."""
    return index if index >= 0 else "mean" if index == -1 else samples


def row(values: Any) -> AnyArray:
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
