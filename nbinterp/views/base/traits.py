"""Traits that hold NumPy arrays, sent to the page as bytes."""

import numbers
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import traitlets

from nbinterp import _checks
from nbinterp._display import brief_traceback
from nbinterp._typing import AnyArray


class TraitArray(np.ndarray[Any, Any]):
    """An array as the value of a trait: two of them compare as a whole.

    ``traitlets.link`` evaluates ``old != new`` and needs a single bool. A comparison with another
    `TraitArray`, a string or None gives one; `FactorSlider.base` may be the string ``"mean"``.
    Comparisons with numbers and plain arrays work entry by entry, as do those of computed arrays.

    Examples
    --------
    >>> one, same = TraitArray.of([1, 2]), TraitArray.of([1, 2])
    >>> one != same, one == "mean"
    (False, False)
    >>> one == [1, 3]
    array([ True, False])
    """

    _is_value = False  # computed arrays do not inherit it

    @classmethod
    def of(cls, values: npt.ArrayLike, *, read_only: bool = True) -> "TraitArray":
        """Return a copy of `values` as the value of a trait."""
        array = np.array(values, order="C").view(cls)
        array.setflags(write=not read_only)
        array._is_value = True
        return array

    def _whole(self, other: object) -> bool | None:
        """Return whether both are equal as a whole; None if they compare entry by entry."""
        if other is None or isinstance(other, str):
            return False
        if self._is_value and isinstance(other, TraitArray) and other._is_value:
            return np.array_equal(self, other)
        return None

    def __eq__(self, other: object) -> Any:
        whole = self._whole(other)
        return np.asarray(self) == other if whole is None else whole

    def __ne__(self, other: object) -> Any:
        whole = self._whole(other)
        return np.asarray(self) != other if whole is None else not whole

    __hash__ = None  # arrays are not hashable

    def __repr__(self) -> str:
        return repr(np.asarray(self))


class Array(traitlets.TraitType[Any, Any]):
    """A trait that holds a read-only NumPy array, compared by value and sent as bytes.

    Parameters
    ----------
    dtype : dtype
        The dtype to convert to.
    shape : tuple of int or None
        The shape; None for an axis of any length (at most one).
    sent : dtype, optional
        The little-endian dtype that the front end reads; by default `dtype`.
    wire : callable or None
        Converts the array to bytes, such as ``packing.packed``; for large arrays that only Python
        sets.
    """

    info_text = "an array"

    def __init__(
        self,
        dtype: npt.DTypeLike,
        shape: tuple[int | None, ...] = (None,),
        *,
        sent: npt.DTypeLike | None = None,
        wire: Callable[[AnyArray], bytes] | None = None,
    ) -> None:
        super().__init__()
        self.dtype = np.dtype(dtype).newbyteorder("<")
        self.sent = self.dtype if sent is None else np.dtype(sent).newbyteorder("<")
        self.shape = shape
        self.wire = wire
        self.tag(sync=True, to_json=self.to_wire, from_json=self.from_wire)

    def make_dynamic_default(self) -> Any:
        """Return an empty array."""
        return self._own(np.empty([side or 0 for side in self.shape], self.dtype))

    def validate(self, obj: Any, value: Any) -> AnyArray:
        """Convert `value` to an array of this dtype and shape."""
        array = np.asarray(value)
        fits = array.ndim == len(self.shape) and all(
            side is None or side == length
            for side, length in zip(self.shape, array.shape, strict=True)
        )
        if not fits:
            raise traitlets.TraitError(
                f"{self.name} must have shape {self.shape}, not {array.shape}"
            )
        owned = self._own(array)
        old = obj._trait_values.get(self.name)
        if old is not None and np.array_equal(owned, old, equal_nan=True):
            return old  # type: ignore[no-any-return]
        return owned

    def set(self, obj: Any, value: Any) -> None:
        """Set the trait; it counts as a change only if the length or an entry differs."""
        new = self._validate(obj, value)
        if new is not obj._trait_values.get(self.name):
            old = getattr(obj, str(self.name))
            obj._trait_values[self.name] = new
            obj._notify_trait(self.name, old, new)

    def to_wire(self, value: AnyArray, _view: Any) -> bytes:
        """Return the bytes for the page."""
        return value.astype(self.sent).tobytes() if self.wire is None else self.wire(value)

    def from_wire(self, value: Any, _view: Any) -> AnyArray:
        """Return the array that the page sent; only bytes are taken as bytes."""
        if not isinstance(value, bytes | memoryview):
            raise traitlets.TraitError(f"The page must send {self.name} as bytes.")
        sides = [-1 if side is None else side for side in self.shape]
        with refusing():
            return numbers_in(value, self.sent).reshape(sides)

    def _own(self, array: AnyArray) -> AnyArray:
        return TraitArray.of(array.astype(self.dtype))


def numbers_in(buffer: Any, dtype: npt.DTypeLike) -> AnyArray:
    """Return the numbers in a buffer of the page."""
    data, kind = bytes(buffer), np.dtype(dtype).newbyteorder("<")
    _checks.require(
        len(data) % kind.itemsize == 0,
        f"(<{len(data)} bytes>)",
        f"must be {kind.name} numbers of {kind.itemsize} bytes each",
        "Run the cell again.",
    )
    return np.frombuffer(data, kind)


class Index(traitlets.TraitType[Any, Any]):
    """The number of a sample, a factor or a row, from 0; or None."""

    info_text = "a whole number from 0, or None"

    def __init__(self, default_value: int | None = None) -> None:
        super().__init__(default_value, allow_none=True)
        self.tag(sync=True)

    def validate(self, obj: Any, value: Any) -> int:
        """Return `value` as an int; it may be a NumPy integer."""
        if isinstance(value, bool) or not isinstance(value, numbers.Integral) or value < 0:
            self.error(obj, value)
        return int(value)


class RefusedError(traitlets.TraitError, ValueError):
    """A value that a check refused; traitlets restores the old value."""

    _render_traceback_ = staticmethod(brief_traceback)


@contextmanager
def refusing() -> Iterator[None]:
    """Convert errors that checks raise in the block to `RefusedError`."""
    try:
        yield
    except (ValueError, TypeError) as error:
        raise RefusedError(str(error)) from None
