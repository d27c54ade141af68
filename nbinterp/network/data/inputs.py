"""The forms in which samples come: arrays, tables, lists of samples, and dicts of these."""

import numbers
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset

from nbinterp import _checks


def readable(data: Any) -> Any:
    """Return `data` as a tensor, an array, a DataFrame, a dict of these, or a set of samples.

    A list of tensors is stacked. A list of dicts becomes a dict of arrays; of a list of tuples the
    first items are the inputs, as of a Dataset. Tables of other libraries become DataFrames.
    """
    if isinstance(data, torch.Tensor):
        return _checks.dense("data", data)
    if isinstance(data, DataLoader | Dataset | np.ndarray | pd.DataFrame):
        return data if not isinstance(data, np.ma.MaskedArray) else _checks.plain(data, "data")
    if isinstance(data, Mapping):
        return {key: part if is_whole(part) else readable(part) for key, part in data.items()}
    if isinstance(data, list) and data:
        return _listed(data)
    if isinstance(data, tuple):
        _checks.fail(
            f"(data={_checks.show(data)})",
            "must be one input, or a dict of inputs, not a tuple",
            "Name the inputs like the arguments of forward: data={'x': x, 'mask': mask}. Of samples"
            " with labels, pass the samples alone.",
            TypeError,
        )
    return _checks.plain(data, "data")


def is_whole(part: Any) -> bool:
    """Return whether an input of a model is one for all samples: None, a number, a flag, a text."""
    if isinstance(part, torch.Tensor | np.ndarray):
        return part.ndim == 0
    return part is None or isinstance(part, str | bytes | numbers.Number | np.generic)


def one_input(x: Any, name: str = "x") -> torch.Tensor:
    """Return samples that are explained input by input as one tensor of real numbers."""
    what = f"({name}={_checks.show(x)})"
    _checks.require(
        not isinstance(x, Mapping),
        what,
        "must be one array, not a dict of inputs",
        f"Explain a function of one of them: lambda {name}: model({name}={name}, other=other).",
        TypeError,
    )
    if isinstance(x, torch.Tensor):
        tensor = _checks.dense(name, x).detach()
        _checks.require(
            not tensor.is_complex(),
            what,
            "must be real, not complex",
            "Pass a function of the real and imaginary parts, side by side.",
            TypeError,
        )
        return tensor
    # A copy: the memory of a DataFrame may be read-only, and torch warns about that.
    return torch.from_numpy(np.array(_checks.numeric(x, name), order="C"))


def by_rows(data: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return the inputs in `data` that have a row for each sample, all of one length."""
    parts = {key: part for key, part in data.items() if not is_whole(part)}
    lengths = {key: len(part) for key, part in parts.items()}
    _checks.require(
        len(lengths) > 0,
        f"(data={_checks.show(dict(data))})",
        "must have an array with one row per sample under some key",
        "Pass data={'x': samples, …}, named like the arguments of the model's forward.",
    )
    _checks.require(
        len(set(lengths.values())) == 1,
        f"(data) with {lengths} samples",
        "must have as many samples under each key",
        "Pass a dict of arrays of one length, named like the arguments of the model's forward. What"
        " all samples share is a number or a tensor without axes.",
    )
    return parts


def _listed(data: list[Any]) -> Any:
    first = data[0]
    if isinstance(first, tuple) and first and not is_whole(first[0]):
        return readable([sample[0] for sample in data])
    if isinstance(first, Mapping):
        _checks.require(
            all(isinstance(row, Mapping) and row.keys() == first.keys() for row in data),
            f"(data={_checks.show(data)})",
            "must hold dicts with the same keys",
            "Give each sample the same inputs.",
        )
        columns = {key: [sample[key] for sample in data] for key in first}
        return {
            key: None if all(part is None for part in column) else readable(column)
            for key, column in columns.items()
        }
    if any(isinstance(sample, torch.Tensor) for sample in data):
        shapes = list(dict.fromkeys(tuple(getattr(sample, "shape", ())) for sample in data))
        _checks.require(
            len(shapes) == 1 and all(isinstance(sample, torch.Tensor) for sample in data),
            f"(data=<list of {len(data)} samples>)",
            f"must hold tensors of one shape, not {' and '.join(map(str, shapes[:2]))}",
            "Pad or crop them to one size.",
        )
        return torch.stack([_checks.dense("data", sample) for sample in data])
    return data


def slices(data: Any, size: int, name: str = "data") -> Iterator[torch.Tensor]:
    """Yield the rows of a tensor, an array or a table, `size` at once; they may share memory."""
    array = data if isinstance(data, torch.Tensor) else _checks.numeric(data, name, "fiubc")
    _checks.require(
        array.ndim > 0, f"({name})", "must have one row per sample", "Pass an array of samples."
    )
    for start in range(0, len(array), size):
        rows = array[start : start + size]
        if isinstance(rows, torch.Tensor):
            yield rows
        elif rows.flags.writeable and rows.flags.c_contiguous:
            yield torch.from_numpy(rows)
        else:  # torch accepts no negative strides, and warns about read-only memory
            yield torch.from_numpy(np.array(rows, order="C"))
