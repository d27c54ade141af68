"""The trait for what a slider edits: a sample, or the mean of several samples."""

import numbers
from typing import Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.network import Perturbation
from nbinterp.views.base.traits import TraitArray, numbers_in, refusing

MEAN = "mean"


class Base(traitlets.TraitType[Any, Any]):
    """What a slider edits: a row, the mean of several rows, or ``"mean"`` for the factors' samples.

    Several rows are an int64 array, sent as uint32; a single row is an int.
    """

    info_text = 'the row number of a sample, rows of samples, or "mean"'

    def __init__(self) -> None:
        super().__init__(MEAN)
        self.tag(sync=True, to_json=self._to_wire, from_json=self._from_wire)

    def validate(self, obj: Any, value: Any) -> Any:
        """Return `value` as ``"mean"``, an int or an array of at least two rows."""
        if isinstance(value, str) and value == MEAN:
            return MEAN
        if value is None or isinstance(value, str | bool):
            self.error(obj, value)
        frame = obj.perturbation
        n_rows = np.iinfo(np.uint32).max if frame is None else frame.n_base_samples
        with refusing(), _checks.call("FactorSlider"):
            if isinstance(value, numbers.Integral):
                return _checks.integer("base", value, 0, n_rows - 1, of="the last sample")
            return rows_of(_checks.indices("base", value, n_rows, at_least=1))

    def set(self, obj: Any, value: Any) -> None:
        """Set the base and compute its frame, with the view locked."""
        with obj._lock:
            super().set(obj, value)

    def _to_wire(self, value: Any, _view: Any) -> Any:
        return value.astype("<u4").tobytes() if isinstance(value, np.ndarray) else value

    def _from_wire(self, value: Any, _view: Any) -> Any:
        sent = isinstance(value, bytes | memoryview)
        with refusing(), _checks.call("FactorSlider"):
            return numbers_in(value, "u4") if sent else value


def rows_of(rows: IntArray) -> Any:
    """Return rows in the form of a `Base`: an int for one row, an array for several."""
    return int(rows[0]) if len(rows) == 1 else TraitArray.of(rows.astype(np.int64))


def base_of(frame: Perturbation) -> Any:
    """Return what a frame edits, in the form of a `Base`."""
    return TraitArray.of(frame.base) if isinstance(frame.base, np.ndarray) else frame.base


def same_base(one: Any, other: Any) -> bool:
    """Return whether two values of a `Base` are equal."""
    return type(one) is type(other) and bool(one == other)
