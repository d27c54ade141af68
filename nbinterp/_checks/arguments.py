"""Check numbers, choices, names and indices."""

import numbers
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from nbinterp._checks.arrays import plain, to_numpy
from nbinterp._checks.errors import call, fail, require, show
from nbinterp._typing import IntArray


def integer(
    name: str, value: object, low: int, high: int | None = None, *, of: str = "", remedy: str = ""
) -> int:
    """Return `value` as an int within ``[low, high]``; `of` says what `high` is."""
    what = f"({name}={show(value)})"
    if isinstance(value, bool) or not isinstance(value, numbers.Integral):
        fail(what, f"must be a whole number, not {type(value).__name__}", "Pass an int.", TypeError)
    number = int(value)
    # Where there is a limit above, the remedy is how to stay below that.
    enough = remedy if high is None and remedy else f"Use {low} or more."
    require(number >= low, what, f"must be at least {low}", enough)
    if high is not None:
        limit = f"{of}, {high}" if of else f"{high}"
        require(number <= high, what, f"must be at most {limit}", remedy or f"Use {high} or fewer.")
    return number


def candidates(value: object, low: int, high: int, *, of: str, remedy: str) -> list[int]:
    """Return the distinct whole numbers of the argument `candidates`, rising.

    Those above `high` are left out, so that one list fits data of any size; but there must be one
    that is not. `of` says what `high` is.
    """
    given = listed(value)
    items = given if isinstance(given, list) else [given]
    wanted = sorted({integer("candidates", item, low) for item in items})
    found = [number for number in wanted if number <= high]
    what = f"(candidates={show(value)})"
    require(bool(found), what, f"must hold a number up to {of}, {high}", remedy)
    return found


def real(
    name: str,
    value: object,
    low: float = -np.inf,
    high: float = np.inf,
    *,
    open_low: bool = False,
    remedy: str = "",
) -> float:
    """Return `value` as a finite float within ``[low, high]`` (``(low, high]`` if `open_low`)."""
    what = f"({name}={show(value)})"
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        fail(what, f"must be a number, not {type(value).__name__}", "Pass a float.", TypeError)
    try:
        number = float(value)
    except OverflowError:  # a whole number beyond all floats
        number = np.inf
    inside = (number > low if open_low else number >= low) and number <= high
    bounds = f"{'above' if open_low else 'at least'} {low:g}" if np.isfinite(low) else ""
    if np.isfinite(high):
        bounds += f"{' and ' if bounds else ''}at most {high:g}"
    if not (np.isfinite(number) and inside):
        default = "Choose a value in that range." if bounds else "Pass a finite number."
        fail(what, f"must be {bounds or 'finite'}", remedy or default)
    return number


def boolean(name: str, value: object) -> bool:
    """Return `value` as a bool."""
    if not isinstance(value, bool | np.bool_):
        fail(f"({name}={show(value)})", "must be True or False", "Pass a bool.", TypeError)
    return bool(value)


def choice(name: str, value: object, options: Collection[str]) -> str:
    """Return `value` if it is one of `options`."""
    listed = ", ".join(repr(option) for option in options)
    what = f"({name}={show(value)})"
    if not options:
        fail(what, "must name something that exists, but there is nothing to name", "Leave it out.")
    if not isinstance(value, str) or value not in options:
        fail(what, f"must be one of {listed}", "Choose one of these.")
    return value


def generator(random_state: Any) -> np.random.RandomState:
    """Return the generator of a `random_state`: a seed, a RandomState, or None for any."""
    try:
        return check_random_state(random_state)  # type: ignore[no-any-return]
    except ValueError as error:
        must = "must be a whole number, a RandomState or None"
        fail(f"(random_state={show(random_state)})", must, "Pass a seed such as 0.", type(error))


def indices(name: str, value: object, n: int, *, at_least: int = 0, of: str = "sample") -> IntArray:
    """Return sorted, distinct numbers below `n` from indices or from a boolean mask.

    They are numbers of samples, or of what `of` names.
    """
    array = np.asarray(plain(value, name))
    what = f"({name}={show(array if array.size > 6 else value)})"
    if array.dtype == bool:
        require(
            array.shape == (n,),
            what,
            f"must have one entry per {of}, {n}, if it is a mask",
            f"Pass a mask over all {of}s, or their indices.",
        )
        array = np.flatnonzero(array)
    if array.size == 0:
        array = array.astype(np.int64)
    require(
        array.ndim == 1 and np.issubdtype(array.dtype, np.integer),
        what,
        f"must be a list of {of} indices or a boolean mask",
        "Pass whole numbers"
        + (", such as those of explorer.selection." if of == "sample" else " in a list."),
        TypeError,
    )
    require(
        array.size == 0 or (int(array.min()) >= 0 and int(array.max()) < n),
        what,
        f"must hold indices from 0 to {n - 1}",
        "Leave out the others.",
    )
    unique = np.unique(array).astype(np.int64)
    require(
        unique.size >= at_least,
        what,
        f"must hold at least {at_least} {of}{'s' if at_least > 1 else ''}, not {unique.size}",
        f"Select more {of}s.",
    )
    return unique


def listed(value: Any) -> Any:
    """Return a sequence, array or tensor as a list, and a single value unchanged."""
    array = to_numpy(value)
    many = isinstance(array, Iterable) and not isinstance(array, str)
    return list(array) if many and getattr(array, "ndim", 1) > 0 else array


def nodes(value: object, n: int | None = None) -> list[int | str]:
    """Return nodes as whole numbers and names, from one, several, or a boolean mask over all `n`.

    Whether there are such nodes is for the caller to check. Without `n`, a mask may have any
    length: for a check before the layer has run.
    """
    what, given = f"(nodes={show(value)})", listed(value)
    items = given if isinstance(given, list) else [getattr(given, "item", lambda: given)()]
    flags = [isinstance(item, bool | np.bool_) for item in items]
    if flags and all(flags) and items is given:
        require(
            n is None or len(flags) == n,
            what,
            f"must have one entry per node, {n}, if it is a mask, not {len(flags)}",
            "Pass a mask over all nodes, or their numbers.",
        )
        return [number for number, flag in enumerate(items) if flag]
    for item, flag in zip(items, flags, strict=True):
        require(
            not flag and isinstance(item, str | numbers.Integral),
            what,
            f"must be whole numbers, names or a boolean mask over all nodes, not {show(item)}",
            "Pass numbers such as [3, 17], or names.",
            TypeError,
        )
    return [item if isinstance(item, str) else int(item) for item in items]


def names(name: str, value: Sequence[object] | None, n: int) -> list[str]:
    """Return `n` names as strings."""
    if value is None or isinstance(value, str) or len(value) != n:
        fail(
            f"({name}={show(value)})",
            f"must be {n} names, one per column",
            "Pass a list with one name per column.",
        )
    return [str(item) for item in value]


def fitted(estimator: Any, attribute: str) -> None:
    """Raise `NotFittedError` unless `estimator` has been fitted."""
    try:
        check_is_fitted(estimator, attribute)
    except NotFittedError as error:
        with call(type(estimator).__name__):
            fail("", "is not fitted yet", "Call fit with data first.", type(error))
