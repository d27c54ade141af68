"""What a factor slider says of a frame, to its page and to its readers."""

import numbers
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import AnyArray, IntArray
from nbinterp.network import Perturbation
from nbinterp.views.base.traits import TraitArray, refusing
from nbinterp.views.base.view import Answer

MEAN = "mean"


@dataclass(frozen=True)
class Latency:
    """How long frames took to be seen while sliders were dragged, in milliseconds."""

    count: int
    p50: float
    p95: float


class Base(traitlets.TraitType[Any, Any]):
    """What a slider edits: a row number, rows whose mean it is, or ``"mean"``, that of its factors.

    Rows are an int64 array, uint32 on the wire; a single one becomes its number.
    """

    info_text = 'the row number of a sample, rows of samples, or "mean"'

    def __init__(self) -> None:
        super().__init__(MEAN)
        self.tag(sync=True, to_json=self._to_wire, from_json=self._from_wire)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return `value` as ``"mean"``, an int or an array of two rows or more."""
        if isinstance(value, str) and value == MEAN:
            return MEAN
        if value is None or isinstance(value, str | bool):
            self.error(obj, value)
        frame = obj._frame
        n_rows = np.iinfo(np.uint32).max if frame is None else frame.n_base_samples
        with refusing(), _checks.call("FactorSlider"):
            if isinstance(value, numbers.Integral):
                return _checks.integer("base", value, 0, n_rows - 1, of="the last sample")
            return rows_of(_checks.indices("base", value, n_rows, at_least=1))

    def set(self, obj: Any, value: Any) -> None:
        """Set it with all that follows, while nothing else is put on the sliders."""
        with obj._lock:
            super().set(obj, value)

    def _to_wire(self, value: Any, _view: Any) -> Any:
        return value.astype("<u4").tobytes() if isinstance(value, np.ndarray) else value

    def _from_wire(self, value: Any, _view: Any) -> Any:
        sent = isinstance(value, bytes | memoryview)
        return np.frombuffer(bytes(value), "<u4") if sent else value


def rows_of(rows: IntArray) -> Any:
    """Return rows as a `Base` holds them: the number of one, an array of several."""
    return int(rows[0]) if len(rows) == 1 else TraitArray.of(rows.astype(np.int64))


def base_of(frame: Perturbation) -> Any:
    """Return what a frame edits, as a `Base` holds it."""
    if frame.base_index >= 0:
        return frame.base_index
    return MEAN if frame.base_index == -1 else TraitArray.of(frame.base_samples)


def same_base(one: Any, other: Any) -> bool:
    """Return whether two values of a `Base` are the same."""
    return type(one) is type(other) and bool(one == other)


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
