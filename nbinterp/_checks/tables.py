"""Check tables of samples, and labels of samples."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.utils.validation import check_array, validate_data

from nbinterp._checks.errors import fail, require, show
from nbinterp._typing import AnyArray, FloatingArray, IntArray

_SMALL_TYPES = ("b1", "i1", "u1", "i2", "u2", "f2", "f4")  # exact in float32


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
