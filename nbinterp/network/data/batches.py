"""Any data that a network may be shown, as batches of tensors."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler

from nbinterp import _checks
from nbinterp._typing import AnyArray


def batches(data: Any, size: int, dtype: torch.dtype, *, check: bool = True) -> Iterator[Any]:
    """Yield copies of the samples of `data`, in order; floating types become `dtype`.

    A batch is a tensor, or a dict of tensors if `data` are a dict of arrays or give dicts. Copies,
    since a network may write into its input. Whole numbers stay what they are: they may be tokens.
    `check` refuses what is not finite.
    """
    n_seen = 0
    for batch in _raw(data, size):
        if check:
            refuse_nonfinite(batch, n_seen.__add__)
        n_seen += length(batch)
        yield each(lambda part: _own(part, dtype), batch)
    _checks.require(n_seen > 0, "(data)", "must hold at least one sample", "Pass more data.")


def refuse_nonfinite(batch: Any, number: Callable[[int], int]) -> None:
    """Raise if a sample of `batch` is not finite; `number` tells what its place is called."""
    for key, part in parts(batch).items():
        # A sum reads the batch once and writes nothing; should it overflow, entries are looked at.
        if not part.is_floating_point() or math.isfinite(part.detach().sum().item()):
            continue
        broken = (~torch.isfinite(part.reshape(len(part), -1))).any(dim=1)
        if bool(broken.any()):
            _checks.fail(
                f"(data{f'[{key!r}]' if key else ''})",
                f"must be finite, but sample {number(int(broken.nonzero()[0]))} has NaN or"
                " infinite values",
                "Drop or fill those entries.",
            )


def count(data: Any, size: int) -> int | None:
    """Return how many batches `batches` will yield, if `data` can tell."""
    try:
        return len(data) if isinstance(data, DataLoader) else -(-len(_first(data)) // size)
    except TypeError:
        return None


def n_samples(data: Any) -> int | None:
    """Return how many samples `batches` will yield at the most, if `data` can tell."""
    try:
        held: Any = data.dataset if isinstance(data, DataLoader) else _first(data)
        return len(held)
    except TypeError:
        return None


def length(batch: Any) -> int:
    """Return the number of samples of a batch."""
    return len(next(iter(parts(batch).values())))


def parts(batch: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a batch by their name; one that is a tensor has none."""
    return batch if isinstance(batch, dict) else {"": batch}


def each(change: Callable[[torch.Tensor], torch.Tensor], batch: Any) -> Any:
    """Return a batch whose tensors are changed."""
    if isinstance(batch, dict):
        return {name: change(part) for name, part in batch.items()}
    return change(batch)


def _first(data: Any) -> Any:
    return next(iter(data.values()), ()) if isinstance(data, Mapping) else data


def _own(part: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    kind = dtype if part.is_floating_point() else part.dtype
    if kind == part.dtype and part.is_contiguous() and not part.requires_grad:
        return part.clone()
    return part.detach().to(kind, copy=True, memory_format=torch.contiguous_format)


def _raw(data: Any, size: int) -> Iterator[Any]:
    """Yield tensors that may share their memory with `data`, or dicts of them."""
    if isinstance(data, torch.Tensor | np.ndarray | pd.DataFrame | list):
        yield from _slices(data, size)
    elif isinstance(data, Mapping):
        lengths = {key: len(part) for key, part in data.items()}
        _checks.require(
            len(set(lengths.values())) == 1,
            f"(data) with {lengths} samples",
            "must have as many samples under each key",
            "Pass a dict of arrays of one length, as the network's forward names them.",
        )
        columns = [_slices(part, size) for part in data.values()]
        for row in zip(*columns, strict=True):
            yield dict(zip(data.keys(), row, strict=True))
    else:
        for item in _loader(data, size):
            yield _inputs(item)


def _slices(data: Any, size: int) -> Iterator[torch.Tensor]:
    array = data if isinstance(data, torch.Tensor) else _numeric(data)
    _checks.require(
        array.ndim > 0, "(data)", "must have one row a sample", "Pass an array of samples."
    )
    for start in range(0, len(array), size):
        rows = array[start : start + size]
        if isinstance(rows, torch.Tensor):
            yield rows
        elif rows.flags.writeable and rows.flags.c_contiguous:
            yield torch.from_numpy(rows)
        else:  # torch takes no negative strides, and warns of read-only memory
            yield torch.from_numpy(np.array(rows, order="C"))


def _inputs(item: Any) -> Any:
    """Return what of an item of a DataLoader goes into the network."""
    inputs = item[0] if isinstance(item, tuple | list) and item else item
    if isinstance(inputs, Mapping) and inputs:
        inputs = dict(inputs)
    odd = [part for part in parts(inputs).values() if not isinstance(part, torch.Tensor)]
    if odd:
        _checks.fail(
            "(data)",
            "must give tensors, dicts of tensors, or tuples that start so, not "
            f"{type(odd[0]).__name__}",
            "Wrap the Dataset or the model so that a sample is one tensor, or a dict of them.",
            TypeError,
        )
    return inputs


def _numeric(data: Any) -> AnyArray:
    array = np.asarray(data)
    _checks.require(
        array.dtype.kind in "fiub",
        f"(data={_checks.show(array)} of {array.dtype})",
        "must be numbers",
        "Pass an array of floats, or of whole numbers for a network that embeds tokens.",
        TypeError,
    )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _loader(data: Any, size: int) -> DataLoader[Any]:
    if isinstance(data, Dataset):
        return DataLoader(data, batch_size=size)
    if not isinstance(data, DataLoader):
        _checks.fail(
            f"(data={_checks.show(data)})",
            "must be an array, a tensor, a dict of these, a torch Dataset or a DataLoader",
            "Pass the array of samples itself, scaled as the model expects.",
            TypeError,
        )
    _checks.require(
        not isinstance(data.sampler, RandomSampler),
        "(data=DataLoader(shuffle=True))",
        "must keep the order of the samples, or labels would not match",
        "Make the DataLoader with shuffle=False.",
    )
    return data
