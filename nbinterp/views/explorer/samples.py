"""Check, code and pack columns and pictures of samples for the page."""

import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import AnyArray, ByteArray, Float32Array
from nbinterp.views.explorer.scales import Meaning, numbers, typed

_BUDGET = 2**21  # bytes of numbers sent to the page, and saved with the notebook, without a request
_MOST_CODES = 40  # integers with more distinct values are a scale
_LARGEST_PICTURE = 128

Header = dict[str, Any]


class Column(NamedTuple):
    """A column: integer codes of `categories` (-1 if missing), or floats without categories.

    `given` holds the values as Python gave them, in their own type; `meaning` says how floats read.
    """

    name: str
    entries: AnyArray
    categories: list[str] | None
    given: pd.Series
    meaning: Meaning


def by_name(columns: Any) -> dict[Any, Any]:
    """Return `columns`, None, a DataFrame or a mapping from names to arrays, as a dict."""
    if columns is not None and not isinstance(columns, Mapping):
        columns = _checks.plain(columns, "columns")
    _checks.require(
        columns is None or isinstance(columns, Mapping | pd.DataFrame),
        f"(columns={_checks.show(columns)})",
        "must be a DataFrame or a dict of arrays",
        'Pass columns={"label": labels}.',
        TypeError,
    )
    return {} if columns is None else dict(columns.items())


def table(columns: Any, n: int) -> list[Column]:
    """Return `columns`, a DataFrame or a mapping from names to arrays, checked and coded."""
    return [column(str(name), values, n) for name, values in by_name(columns).items()]


def column(name: str, values: Any, n: int) -> Column:
    """Return one column of `n` values as codes or numbers.

    Booleans, strings and integers with few distinct values are categories, in their own order if
    they have one. Other numbers, dates and durations are a scale.
    """
    given = _series(values, _checks.labels(f"columns[{name!r}]", values, n))
    array = typed(given)
    if _is_scale(array):
        entries, meaning = numbers(name, array)
        return Column(name, entries, None, given, meaning)
    if not isinstance(array.dtype, pd.CategoricalDtype):
        try:
            found = list(array.dropna().unique())
        except TypeError:
            kind = type(array.dropna().iloc[0]).__name__
            must = f"must hold numbers, texts or dates, not {kind}"
            _checks.fail(f"(columns={{{name!r}: …}})", must, "Make a text of each.", TypeError)
        array = pd.Series(pd.Categorical(array, categories=sorted(found, key=natural)))
    array = array.cat.remove_unused_categories()
    categories = array.cat.categories
    most = np.iinfo(np.uint16).max
    _checks.require(
        len(categories) < most,
        f"(columns={{{name!r}: …}})",
        f"must have fewer than {most} distinct values",
        "Leave out columns that name every sample.",
    )
    names = [_text(value) for value in categories]
    return Column(name, np.asarray(array.cat.codes, np.int64), names, given, {})


def _series(values: Any, array: AnyArray) -> pd.Series:
    """Return a copy of `values` without its index; types that are pandas' own stay."""
    if isinstance(values, np.ma.MaskedArray) and values.dtype.kind in "iub":
        whole = pd.Series(np.asarray(values.data)).convert_dtypes()
        return whole.mask(np.ma.getmaskarray(values))
    if not isinstance(values, pd.api.extensions.ExtensionArray):
        values = _checks.plain(values, "columns")
    if isinstance(values, pd.Series | pd.Index | pd.api.extensions.ExtensionArray):
        return pd.Series(values, copy=True).reset_index(drop=True)
    # pandas would make text of objects, in which None is NaN.
    return pd.Series(array, dtype=object if array.dtype == object else None, copy=True)


def _is_scale(array: pd.Series) -> bool:
    if isinstance(array.dtype, pd.CategoricalDtype):
        return False
    if array.dtype.kind in "mM":
        return True
    if not pd.api.types.is_numeric_dtype(array) or pd.api.types.is_bool_dtype(array):
        return False
    return not pd.api.types.is_integer_dtype(array) or array.nunique() > _MOST_CODES


def natural(value: object) -> tuple[Any, ...]:
    """Return a sort key that puts "kind 2" before "kind 10" and accepts values of any type."""
    if isinstance(value, int | float | np.number | np.bool_):
        return (0, float(value), ())
    parts = re.split(r"(\d+)", str(value))
    return (1, 0.0, tuple(int(part) if part.isdecimal() else part for part in parts))


def _text(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def pack(columns: list[Column], needed: Collection[str] = ()) -> tuple[list[Header], ByteArray]:
    """Return headers and values of `columns` as bytes: uint8 or uint16 codes, or float32.

    All categories are included. Numbers are included if `needed`, or while they are few; other
    columns have offset -1.
    """
    headers: list[Header] = []
    data = bytearray()
    budget = _BUDGET - sum(4 * len(one.entries) for one in columns if one.name in needed)
    for name, entries, categories, _given, meaning in columns:
        header: Header = {"name": name, "kind": "number", "offset": len(data), **meaning}
        if categories is not None:
            width = 1 if len(categories) < 255 else 2
            header |= {"kind": "category", "categories": categories, "width": width}
            # -1 (missing) becomes the largest code.
            data += (entries % 256**width).astype("<u2" if width == 2 else "u1").tobytes()
        elif name in needed or 4 * len(entries) <= budget:
            budget -= 0 if name in needed else 4 * len(entries)
            data += entries.astype("<f4").tobytes()
        else:
            header["offset"] = -1
        data += bytes(-len(data) % 4)  # JavaScript aligns typed arrays
        headers.append(header)
    return headers, np.frombuffer(data, np.uint8)


def pictures(images: Any, image_shape: tuple[int, ...] | None, n: int) -> ByteArray | None:
    """Return `images` as uint8 ``(n, height, width)`` or ``(n, height, width, 3)``, or None.

    Floats within [0, 1] are intensities; other floats are scaled from lowest to highest. Large
    pictures are reduced to thumbnails.
    """
    if images is None:
        return None
    array = np.asarray(_checks.to_numpy(images))
    what = f"(images={_checks.show(array)})"
    if image_shape is not None:
        _checks.require(
            array.size == n * int(np.prod(image_shape)),
            f"(image_shape={image_shape})",
            f"must have the number of pixels of each image, {array.size // max(1, n)}",
            "Pass the height and width of the images.",
        )
        array = array.reshape(n, *image_shape)
    flat = array.ndim == 2
    _checks.require(
        (array.ndim == 3 or (array.ndim == 4 and array.shape[3] in (1, 3))) and array.size > 0,
        what,
        "must have shape (n, height, width), (n, height, width, 3), or (n, pixels)",
        "Pass image_shape=(height, width) too." if flat else "Move the channels to the last axis.",
    )
    _checks.require(
        len(array) == n,
        what,
        f"must hold one image per sample, {n}",
        "Pass a picture of each sample.",
    )
    _checks.require(
        np.issubdtype(array.dtype, np.number) or array.dtype == bool,
        what,
        "must be numbers",
        "Pass uint8 or float images.",
        TypeError,
    )
    step = max(1, -(-max(array.shape[1:3]) // _LARGEST_PICTURE))
    array = array[:, ::step, ::step]
    return _to_bytes(array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array)


def _to_bytes(array: AnyArray) -> ByteArray:
    if array.dtype == np.uint8:
        return np.ascontiguousarray(array)
    values = array.astype(np.float32)
    values[~np.isfinite(values)] = 0
    low, high = (0.0, 1.0) if values.min() >= 0 and values.max() <= 1 else _ends(values)
    levels = np.clip((values - low) * (255 / (high - low)), 0, 255).round()
    return np.asarray(levels, np.uint8)


def _ends(values: Float32Array) -> tuple[float, float]:
    low, high = float(values.min()), float(values.max())
    return low, high if high > low else low + 1
