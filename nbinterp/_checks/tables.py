"""Check tables of samples."""

import contextlib
from typing import Any

import numpy as np
import pandas as pd
from scipy.sparse import issparse
from sklearn.utils.validation import check_array, validate_data

from nbinterp._checks.arrays import plain, refuse_dates
from nbinterp._checks.errors import fail, require, show
from nbinterp._typing import AnyArray, FloatingArray

_SMALL_TYPES = ("b1", "i1", "u1", "i2", "u2", "f2", "f4")  # exact in float32
_LARGEST = 1e150


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
    array = plain(data, name)
    refuse_dates(array, name)
    require(
        missing or not np.ma.is_masked(data),
        f"({name}={show(array)})",
        "must have no masked entries",
        f"Fill them, such as {name}.filled(0), or drop those samples.",
    )
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
        kind = TypeError if isinstance(error, TypeError) else ValueError
        text = str(error).strip().splitlines()[0].rstrip(".:")
        what = f"({name}={show(array)}){_culprit(array)} refused:"
        fail(what, text, _way_out(text, missing), kind)
    # torch accepts neither read-only memory, which pandas returns, nor negative strides.
    usable = checked.flags.writeable and min(checked.strides) >= 0
    result: FloatingArray = checked if usable else checked.copy()
    return result


def squarable(data: FloatingArray, name: str = "X") -> FloatingArray:
    """Return `data` if the squares of its numbers are finite in float64."""
    require(
        data.dtype == np.float32 or not (abs(data) > _LARGEST).any(),
        f"({name}={show(data)})",
        f"must hold numbers up to {_LARGEST:g} in size",
        "Scale the columns.",
    )
    return data


def _culprit(table: Any) -> str:
    """Return which column of a DataFrame holds something else than numbers."""
    if not isinstance(table, pd.DataFrame) or not table.columns.is_unique:
        return ""
    for name, column in table.items():
        try:
            is_real = column.dtype.kind != "c" and column.to_numpy(np.float64).ndim
        except (ValueError, TypeError):
            is_real = False
        if not is_real:
            return f": column {name!r}"
    return ""


def numeric(data: Any, name: str, kinds: str = "fiub") -> AnyArray:
    """Return `data` as an array of numbers of any shape; whole numbers and flags stay as they are.

    `kinds` are those of NumPy that are allowed. What is missing becomes NaN.
    """
    given = plain(data, name)
    refuse_dates(given, name)
    what = f"({name}={show(given)})"
    array = _objects(given, what)
    if array.dtype == object:
        with contextlib.suppress(ValueError, TypeError):
            array = array.astype(np.float64)
    wanted = "real numbers" if array.dtype.kind == "c" else "numbers"
    require(
        array.dtype.kind in kinds,
        what + _culprit(given),
        f"must be {wanted}, not {array.dtype.name}",
        "Pass an array of floats, or of whole numbers for a network that embeds tokens.",
        TypeError,
    )
    if array.dtype.kind == "f" and array.dtype.itemsize > 8:  # torch has no long double
        return array.astype(np.float64)
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _objects(given: Any, what: str) -> AnyArray:
    """Return arrays, tables and lists as an array; a table of several types as float64."""
    if isinstance(given, pd.DataFrame) and not given.empty:
        kinds = {getattr(kind, "kind", "O") for kind in given.dtypes}
        if kinds <= set("iuf") and not given.isna().to_numpy().any():
            return np.asarray(given, dtype=np.result_type(*(_plain_type(k) for k in given.dtypes)))
        if kinds != {"b"} and kinds <= set("biuf"):
            return given.to_numpy(np.float64, na_value=np.nan)
    try:
        return np.asarray(given)
    except ValueError:
        fail(what, "must have rows of one length", "Pad or crop the samples to one size.")


def _plain_type(kind: Any) -> np.dtype[Any]:
    """Return the NumPy type behind a type of pandas."""
    plain_type: np.dtype[Any] = np.dtype(getattr(kind, "numpy_dtype", kind))
    return plain_type


def distances(data: object, n_neighbors: int, *, estimator: Any, reset: bool = True) -> Any:
    """Return `data` as a dense or CSR float64 matrix of distances; square if `reset`.

    Each sparse row must list at least `n_neighbors`. The number of columns is stored on the
    `estimator` (`reset`) or compared with the stored one.
    """
    array = data if issparse(data) else plain(data, "X")
    refuse_dates(array, "X")
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
    if reset:
        own = checked.diagonal().max()
        require(
            own <= 1e-6 * checked.max(),
            what,
            f"must hold 0 as the distance of each sample from itself, not {own:.3g}: these look "
            "like similarities",
            "Pass distances, such as 1 - similarity.",
        )
    if not isinstance(checked, np.ndarray):
        require(
            not checked.nnz or bool((checked.data != 1).any()),
            what,
            "must hold distances, but all that are stored are 1, as in a graph of who is near whom",
            "Pass distances, such as kneighbors_graph(X, 15, mode='distance') gives.",
        )
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
    if "string names" in text or "unique column names" in text:
        return 'Rename the columns, such as X.columns = [f"x{i}" for i in range(X.shape[1])].'
    if "features" in text or "feature names" in text:
        return "Pass the same columns as in fit."
    if "Complex" in text or "complex" in text:
        return "Pass absolute values, or real and imaginary parts as columns of their own."
    if "could not convert" in text:
        return "Leave out texts, or code them as numbers, such as by pandas.get_dummies."
    if "dim" in text or "D array" in text:
        return "Reshape your data to a table of shape (n_samples, n_features)."
    return "Pass numbers in a table of shape (n_samples, n_features)."
