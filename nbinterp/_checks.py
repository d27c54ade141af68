"""Check arguments; the only place that raises errors about them.

Every error says what was called with which value, what it must be, and how to fix it:
``LinearCorEx(n_factors=40) must be at most the number of variables, 12. Use fewer factors.``

The decorator `named` on public functions tells the checks inside which call to name.
"""

import numbers
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, NoReturn, ParamSpec, TypeVar

import numpy as np
import pandas as pd
import torch
from sklearn.exceptions import NotFittedError
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_is_fitted, validate_data

from nbinterp import _display
from nbinterp._typing import AnyArray, FloatingArray, IntArray

P = ParamSpec("P")
R = TypeVar("R")

_SMALL_TYPES = ("b1", "i1", "u1", "i2", "u2", "f2", "f4")  # exact in float32

_NAME: ContextVar[str] = ContextVar("name of the public call", default="nbinterp")


def named(function: Callable[P, R]) -> Callable[P, R]:
    """Let errors raised within `function` name it: ``record(…)``, ``Recording.concat(…)``.

    A method whose name begins with an underscore checks the arguments of the constructor, so its
    errors name the class: ``LinearCorEx(…)``. If public calls are nested, errors name the innermost
    one. A generator runs in the context of its caller, so use `call` inside it instead.
    """
    owner, _, name = function.__qualname__.rpartition(".")
    suffix = "" if name.startswith("_") else f".{name}"

    @wraps(function)
    def with_name(*args: P.args, **kwargs: P.kwargs) -> R:
        called = name
        if owner:
            first = args[0]
            called = (first if isinstance(first, type) else type(first)).__name__ + suffix
        token = _NAME.set(called)
        try:
            return function(*args, **kwargs)
        finally:
            _NAME.reset(token)

    return with_name


@contextmanager
def call(name: str) -> Iterator[None]:
    """Let errors raised in the block name this call; also a decorator, as ``@call("name")``."""
    token = _NAME.set(name)
    try:
        yield
    finally:
        _NAME.reset(token)


def current_call() -> str:
    """Return the name of the public call that is running, as in errors."""
    return _NAME.get()


def fail(what: str, must: str, remedy: str, kind: type[Exception] = ValueError) -> NoReturn:
    """Raise an error that says ``{name}{what} {must}. {remedy}``.

    `name` is the running public call; `what` is the argument, such as ``"(layer='fc1')"``.
    """
    raise _display.shown_briefly(kind(f"{_NAME.get()}{what} {must}. {remedy}"))


def require(
    condition: bool, what: str, must: str, remedy: str, kind: type[Exception] = ValueError
) -> None:
    """Raise as `fail` does unless `condition` holds."""
    if not condition:
        fail(what, must, remedy, kind)


def show(value: object, limit: int = 60) -> str:
    """Return a short repr of `value` for an error message."""
    if isinstance(value, np.ndarray | torch.Tensor | pd.DataFrame | pd.Series):
        # Arrays of one type have subclasses of no interest here, such as those of traits.
        name = "ndarray" if isinstance(value, np.ndarray) else type(value).__name__
        return f"<{name} of shape {tuple(value.shape)}>"
    text = " ".join(repr(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


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
    number = float(value)
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


def to_numpy(data: object) -> Any:
    """Return tensors as NumPy arrays in main memory, and anything else unchanged."""
    if isinstance(data, torch.Tensor):
        return data.detach().to("cpu").resolve_conj().numpy()
    return data


def _float_type(data: object) -> type[np.floating[Any]]:
    dtype = getattr(data, "dtype", None)
    if dtype is None and isinstance(data, pd.DataFrame):
        kinds = {np.dtype(kind).str[1:] for kind in data.dtypes if isinstance(kind, np.dtype)}
        return np.float32 if kinds and kinds <= set(_SMALL_TYPES) else np.float64
    small = isinstance(dtype, np.dtype) and dtype.str[1:] in _SMALL_TYPES
    return np.float32 if small else np.float64


def samples(
    data: object,
    *,
    name: str = "X",
    min_samples: int = 2,
    min_features: int = 1,
    missing: bool = False,
    estimator: Any = None,
    reset: bool = True,
) -> FloatingArray:
    """Return `data` as a finite float matrix ``(n_samples, n_features)``.

    Small integer types and float32 become float32; all others become float64. With an `estimator`,
    the number and names of features are stored on it (`reset`) or compared with the stored ones.
    `missing` allows NaN, but not infinities.
    """
    array = to_numpy(data)
    options = {
        "dtype": _float_type(array),
        "ensure_all_finite": "allow-nan" if missing else True,
        "ensure_min_samples": min_samples,
        "ensure_min_features": min_features,
    }
    try:
        if estimator is None:
            checked = check_array(array, input_name=name, **options)
        else:
            checked = validate_data(estimator, array, reset=reset, **options)
    except (ValueError, TypeError) as error:
        text = str(error).strip().splitlines()[0].rstrip(".:")
        fail(f"({name}={show(array)}) refused:", text, _way_out(text, missing), type(error))
    # pandas returns read-only memory, which torch does not accept.
    result: FloatingArray = checked if checked.flags.writeable else checked.copy()
    return result


def distances(data: object, n_neighbors: int, *, estimator: Any, reset: bool = True) -> Any:
    """Return `data` as a dense or CSR float64 matrix of distances; square if `reset`.

    Each sparse row must list at least `n_neighbors`. The number of columns is stored on the
    `estimator` (`reset`) or compared with the stored one.
    """
    array = to_numpy(data)
    what = f"(X={show(array)})"
    options = {"accept_sparse": "csr", "dtype": np.float64, "force_writeable": True}
    try:
        checked = validate_data(estimator, array, reset=reset, **options)
    except (ValueError, TypeError) as error:
        text = str(error).strip().splitlines()[0].rstrip(".:")
        fail(f"{what} refused:", text, "Pass distances between samples.", type(error))
    require(
        not reset or checked.shape[0] == checked.shape[1],
        what,
        f"must be square with metric='precomputed', not of shape {checked.shape}",
        "Pass the distances of all samples from each other.",
    )
    require(
        checked.min() >= 0, what, "must hold no negative distances", "Pass distances, not kernels."
    )
    if not isinstance(checked, np.ndarray):
        entries = checked.tocoo()
        others = entries.row[entries.row != entries.col] if reset else entries.row
        listed = np.bincount(others, minlength=checked.shape[0]).min()
        require(
            listed >= n_neighbors,
            what,
            f"must list at least {n_neighbors} neighbours of each sample, not {listed}",
            "List more, or use a smaller n_neighbors.",
        )
    return checked


def _way_out(text: str, missing: bool) -> str:
    """Return how to fix an error of scikit-learn's checks."""
    if "NaN" in text:
        return "Drop or fill those entries." if missing else "Drop or impute the missing entries."
    if "infinity" in text:
        return "Replace the infinite entries."
    if "minimum of" in text:
        return "Pass more samples, or a table with more columns."
    if "features" in text or "feature names" in text:
        return "Pass the same columns as in fit."
    if "dim" in text or "D array" in text:
        return "Reshape your data to a table of shape (n_samples, n_features)."
    return "Pass numbers in a table of shape (n_samples, n_features)."


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
    array = np.asarray(to_numpy(value))
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


def labels(name: str, value: object, n: int) -> AnyArray:
    """Return a one-dimensional array of `n` labels."""
    array = np.asarray(to_numpy(value))
    require(
        array.ndim == 1 and len(array) == n,
        f"({name}={show(array if array.ndim else value)})",
        f"must be one label per sample, {n}",
        "Pass a list as long as the data.",
    )
    return array


def groups(name: str, value: object, n: int) -> AnyArray:
    """Return a partition of `n` samples as an array of labels, none of them missing."""
    array = labels(name, value, n)
    require(
        not bool(pd.isna(array).any()),
        f"({name}={show(array)})",
        "must name the group of each sample, but some are NaN or None",
        "Drop those samples, or put them into a group of their own.",
    )
    return array


def classes(name: str, value: object, n: int, n_outputs: int) -> IntArray:
    """Return the true class of each of `n` samples, as the number of an output."""
    array = labels(name, value, n)
    require(
        array.dtype.kind in "iu" and array.min() >= 0 and array.max() < n_outputs,
        f"({name}={show(array)})",
        f"must be output numbers from 0 to {n_outputs - 1}",
        "Pass the class of each sample as an output number.",
    )
    return array.astype(np.int64)


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
