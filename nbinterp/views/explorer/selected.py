"""The trait of the selected samples."""

from typing import TYPE_CHECKING, Any

import numpy as np
import traitlets

from nbinterp import _checks
from nbinterp._typing import AnyArray
from nbinterp.views.base.traits import Array, TraitArray

if TYPE_CHECKING:
    from nbinterp.views.explorer.explorer import ClusterExplorer


class SelectedSamples(Array):
    """Numbers of the selected samples, ascending: int64, sent as uint32.

    Python may set it to indices in any order or to a boolean mask. Reading it returns a copy.
    """

    def __init__(self) -> None:
        super().__init__("i8", sent="u4")

    def validate(self, obj: "ClusterExplorer", value: Any) -> AnyArray:
        """Return the numbers of the samples that `value` selects."""
        with _checks.call("ClusterExplorer"):
            rows = _checks.indices("selection", value, len(obj._positions))
        return super().validate(obj, rows)

    def get(self, obj: Any, cls: Any = None) -> AnyArray:
        """Return a writable copy; torch warns when a read-only array indexes a tensor."""
        return TraitArray.of(np.asarray(super().get(obj, cls)), read_only=False)

    def from_wire(self, value: Any, view: "ClusterExplorer") -> AnyArray:
        """Return the sample numbers that the page sent, which must be ascending."""
        rows = super().from_wire(value, view)
        ascending = bool((rows[1:] > rows[:-1]).all())
        if len(rows) and not (ascending and int(rows[-1]) < len(view._positions)):
            raise traitlets.TraitError("The selection must hold numbers of samples, ascending.")
        return rows
