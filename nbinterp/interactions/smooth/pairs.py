"""The entries of symmetric matrices as a data frame of pairs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from nbinterp import _checks
from nbinterp._typing import FloatArray, IntArray


def pairs(
    values: FloatArray | None,
    errors: FloatArray | None,
    n: int | None,
    names: Sequence[object] | None,
    units: FloatArray | None = None,
) -> pd.DataFrame:
    """Return the `n` strongest pairs of each matrix of `values` (samples, width, width), sorted.

    Strength is measured in `units` of the rows, if given.
    """
    if values is None or errors is None:
        _checks.fail(
            "()",
            "must have a matrix that is narrow enough to store",
            "Give groups of inputs to SmoothHess, or use product and eigenpairs.",
        )
    width = values.shape[1]
    listed = [f"x{i}" for i in range(width)] if names is None else names
    texts = np.array(_checks.names("names", listed, width), dtype=object)
    first, second = np.triu_indices(width)
    if n is not None:
        _checks.integer("n", n, 1)
    unit = np.ones(width) if units is None else units
    parts = []
    for sample, (matrix, error) in enumerate(zip(values, errors, strict=True)):
        strengths = matrix[first, second]
        order = np.argsort(-np.abs(strengths * unit[first] * unit[second]), kind="stable")[:n]
        one, other = first[order], second[order]
        columns = {
            "sample": sample,
            "first": texts[one],
            "second": texts[other],
            "interaction": strengths[order],
            "standard_error": error[one, other],
        }
        parts.append(pd.DataFrame(columns))
    return pd.concat(parts, ignore_index=True)


def places(name: str, value: Any, width: int) -> IntArray:
    """Return checked row numbers of a matrix of `width` rows."""
    array = np.asarray(_checks.to_numpy(value))
    _checks.require(
        array.ndim == 1
        and array.dtype.kind in "iu"
        and (array.size == 0 or (int(array.min()) >= 0 and int(array.max()) < width)),
        f"({name}={_checks.show(value)})",
        f"must be a list of whole numbers from 0 to {width - 1}",
        "Pass the numbers of rows of the matrix.",
    )
    return array.astype(np.int64)
