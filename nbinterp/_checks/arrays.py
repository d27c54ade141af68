"""Read arrays, tensors and tables of any library as NumPy arrays and pandas objects."""

import sys
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.sparse import issparse

from nbinterp._checks.errors import fail, require, show
from nbinterp._typing import AnyArray

_READ_AS_THEY_ARE = (np.ndarray, np.generic, pd.DataFrame, pd.Series, pd.Index, list, tuple)
_DATES = {
    "M": ("dates", "Pass the time since one, such as (t - t.min()) / numpy.timedelta64(1, 'D')."),
    "m": ("durations", "Pass a number, such as that of days: t / numpy.timedelta64(1, 'D')."),
}


def dense(name: str, tensor: torch.Tensor) -> torch.Tensor:
    """Return `tensor` if all of its numbers are there, one after the other."""
    what = f"({name}={show(tensor)})"
    if tensor.is_nested:
        remedy = f"Pad it: torch.nested.to_padded_tensor({name}, 0.0)."
        fail(what, "must have rows of one length, and no nested tensor has", remedy, TypeError)
    require(
        not tensor.is_meta,
        what,
        "must hold numbers, but a tensor on the meta device has a shape alone",
        "Load the numbers first.",
        TypeError,
    )
    require(
        not tensor.is_quantized,
        what,
        f"must hold numbers, not {str(tensor.dtype).removeprefix('torch.')} codes",
        f"Pass {name}.dequantize().",
        TypeError,
    )
    require(
        tensor.layout is torch.strided,
        what,
        "must be dense, not a sparse tensor",
        f"Pass {name}.to_dense().",
        TypeError,
    )
    return tensor


def to_numpy(data: object, name: str = "data") -> Any:
    """Return tensors as NumPy arrays in main memory, and anything else unchanged.

    Types that NumPy lacks, such as bfloat16, become float32, which holds them exactly.
    """
    if not isinstance(data, torch.Tensor):
        return data
    tensor = dense(name, data).detach().to("cpu").resolve_conj().resolve_neg()
    if tensor.is_floating_point() and tensor.dtype not in (torch.float16, torch.float64):
        tensor = tensor.to(torch.float32)
    return tensor.numpy()


def plain(data: Any, name: str) -> Any:
    """Return `data` as a NumPy array or a pandas object, or unchanged if it is neither.

    Tensors, tables and columns of polars and pyarrow, and lists of tensors are read. Where a masked
    array hides an entry it becomes NaN. Sparse and lazy tables are refused.
    """
    if isinstance(data, torch.Tensor):
        return to_numpy(data, name)
    if isinstance(data, list | tuple) and any(isinstance(part, torch.Tensor) for part in data):
        shapes = {tuple(part.shape) for part in data if isinstance(part, torch.Tensor)}
        if len(shapes) > 1:
            must = f"must hold tensors of one shape, not {min(shapes)} and {max(shapes)}"
            fail(f"({name}={show(data)})", must, "Pad or crop them to one size.")
        return np.array([to_numpy(part, name) for part in data])
    if isinstance(data, np.ma.MaskedArray):
        return _filled(data)
    if issparse(data):
        fail(
            f"({name}={show(data)})",
            "must be dense, not a sparse matrix",
            f"Pass {name}.toarray().",
            TypeError,
        )
    if isinstance(data, pd.DataFrame) and any(
        isinstance(kind, pd.SparseDtype) for kind in data.dtypes
    ):
        must, remedy = "must be dense, not sparse columns", f"Pass {name}.sparse.to_dense()."
        fail(f"({name}={show(data)})", must, remedy, TypeError)
    if isinstance(data, _READ_AS_THEY_ARE):
        return data
    return _from_other_library(data, name)


def _filled(masked: np.ma.MaskedArray[Any, Any]) -> AnyArray:
    """Return the entries of a masked array, with NaN (None among texts) where it hides one."""
    hidden = np.ma.getmaskarray(masked)
    values: AnyArray = np.asarray(masked.data)
    if not hidden.any():
        return values
    if values.dtype.kind in "iub":
        values = values.astype(np.float64)
    elif values.dtype.kind not in "fcmM":
        values = values.astype(object)
    blank = {"O": None, "M": "NaT", "m": "NaT"}.get(values.dtype.kind, np.nan)
    return np.where(hidden, np.array(blank, dtype=values.dtype), values)


def _from_other_library(data: Any, name: str) -> Any:
    """Return a table or a column of polars, pyarrow and others in pandas."""
    if type(data).__module__ == "builtins":
        return data
    import narwhals.stable.v1 as nw  # only here: most users have pandas alone

    arrow = sys.modules.get("pyarrow")
    if arrow is not None and isinstance(data, arrow.RecordBatch):
        data = arrow.Table.from_batches([data])
    elif arrow is not None and isinstance(data, arrow.Array):
        data = arrow.chunked_array([data])
    given = nw.from_native(data, pass_through=True, allow_series=True)
    if isinstance(given, nw.LazyFrame):
        fail(
            f"({name}=<{type(data).__name__}>)",
            "must be a table in memory, not a query that is not computed yet",
            "Collect it first, such as with collect() or to_pandas().",
            TypeError,
        )
    if isinstance(given, nw.DataFrame):
        return pd.DataFrame({column.name: _column(column) for column in given.iter_columns()})
    return _column(given) if isinstance(given, nw.Series) else data


def _column(column: Any) -> pd.Series:
    """Return a narwhals column in pandas, in a type that can miss the same entries."""
    import narwhals.stable.v1 as nw

    kind, gaps = column.dtype, column.null_count() > 0
    if (kind.is_integer() or kind.is_float() or kind == nw.Boolean) and not gaps:
        return pd.Series(np.array(column.to_numpy()))
    values = column.to_list()
    if kind.is_float() or kind.is_decimal():
        return pd.Series(np.array(values, dtype=np.float64))
    if kind.is_integer():
        return pd.Series(values, dtype="UInt64" if kind.is_unsigned_integer() else "Int64")
    if kind == nw.Boolean:
        return pd.Series(values, dtype="boolean")
    if kind in (nw.Categorical, nw.Enum):
        return pd.Series(pd.Categorical(values, column.cat.get_categories().to_list()))
    return pd.Series(pd.to_datetime(values) if kind == nw.Date else values)


def refuse_dates(data: Any, name: str) -> None:
    """Refuse dates and durations, which would become numbers of nanoseconds, and records."""
    what = f"({name}={show(data)})"
    kinds = data.dtypes if isinstance(data, pd.DataFrame) else [getattr(data, "dtype", None)]
    for place, kind in enumerate(kinds):
        held = kind.categories.dtype if isinstance(kind, pd.CategoricalDtype) else kind
        if getattr(held, "kind", "") in _DATES:
            word, remedy = _DATES[held.kind]
            where = f": column {data.columns[place]!r}" if isinstance(data, pd.DataFrame) else ""
            fail(what + where, f"must hold numbers, not {word}", remedy, TypeError)
        if getattr(held, "names", None) is not None:
            must = "must be a table of numbers, not of records"
            fail(what, must, f"Pass pandas.DataFrame({name}).", TypeError)
