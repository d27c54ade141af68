"""Read any data that a network accepts: as batches of tensors, or some rows of it."""

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader, Dataset, IterableDataset, RandomSampler, Subset

from nbinterp import _checks
from nbinterp._typing import AnyArray, IntArray


def batches(data: Any, size: int, dtype: torch.dtype, *, check: bool = True) -> Iterator[Any]:
    """Yield copies of the samples of `data`, in order; floating types become `dtype`.

    A batch is a tensor, or a dict of tensors if `data` is a dict of arrays or yields dicts. They
    are copies, since a network may write into its input. Whole numbers keep their type: they may
    be tokens. With `check`, values that are not finite are refused.
    """
    n_seen = 0
    for batch in _raw(data, size):
        if check:
            refuse_nonfinite(batch, n_seen.__add__)
        n_seen += length(batch)
        yield map_tensors(lambda part: _copied(part, dtype), batch)
    _checks.require(n_seen > 0, "(data)", "must hold at least one sample", "Pass more data.")


def refuse_nonfinite(batch: Any, number: Callable[[int], int]) -> None:
    """Raise if a sample of `batch` is not finite; `number` maps its place to its name in errors."""
    for key, part in tensors(batch).items():
        # A sum reads the batch once and writes nothing. If it overflows, check each entry.
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


def n_batches(data: Any, size: int) -> int | None:
    """Return how many batches `batches` will yield, or None if `data` has no length."""
    try:
        return len(data) if isinstance(data, DataLoader) else -(-len(_first(data)) // size)
    except TypeError:
        return None


def n_rows_if_known(data: Any) -> int | None:
    """Return how many samples `batches` will yield at most, or None if `data` has no length."""
    try:
        return len(_held(data))
    except TypeError:
        return None


def n_rows(data: Any) -> int:
    """Return how many samples `data` holds; refuse what has no length."""
    held = _held(data)
    _checks.require(
        hasattr(held, "__len__") and not isinstance(held, IterableDataset),
        f"(data={_checks.show(held)})",
        "must hold samples that can be looked up by their number",
        "Pass an array, a tensor or a Dataset with a length.",
        TypeError,
    )
    return len(held)


def take_rows(data: Any, rows: IntArray) -> Any:
    """Return the samples `rows` of `data`, in a form that `record` accepts."""
    if isinstance(data, DataLoader):
        return DataLoader(
            Subset(data.dataset, rows.tolist()),
            batch_size=data.batch_size or 1,
            collate_fn=data.collate_fn,
        )
    if isinstance(data, Mapping):
        return {key: take_rows(part, rows) for key, part in data.items()}
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows]
    if isinstance(data, torch.Tensor):
        return data[torch.as_tensor(rows, device=data.device)]
    if isinstance(data, np.ndarray):
        return data[rows]
    if isinstance(data, list):
        return [data[row] for row in rows]
    return Subset(data, rows.tolist())


def length(batch: Any) -> int:
    """Return the number of samples of a batch."""
    return len(next(iter(tensors(batch).values())))


def tensors(batch: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a batch by name; the name of a single one is empty."""
    return batch if isinstance(batch, dict) else {"": batch}


def map_tensors(change: Callable[[torch.Tensor], torch.Tensor], batch: Any) -> Any:
    """Apply `change` to each tensor of a batch."""
    if isinstance(batch, dict):
        return {name: change(part) for name, part in batch.items()}
    return change(batch)


def to_device(batch: Any, device: torch.device) -> Any:
    """Return a batch, of one tensor or several, on `device`."""
    return tree_map(lambda item: item.to(device) if isinstance(item, torch.Tensor) else item, batch)


def _first(data: Any) -> Any:
    return next(iter(data.values()), ()) if isinstance(data, Mapping) else data


def _held(data: Any) -> Any:
    """Return the object whose length is the number of samples."""
    return data.dataset if isinstance(data, DataLoader) else _first(data)


def _copied(part: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    wanted = dtype if part.is_floating_point() else part.dtype
    if wanted == part.dtype and part.is_contiguous() and not part.requires_grad:
        return part.clone()
    return part.detach().to(wanted, copy=True, memory_format=torch.contiguous_format)


def _raw(data: Any, size: int) -> Iterator[Any]:
    """Yield tensors, or dicts of them, that may share memory with `data`."""
    if isinstance(data, torch.Tensor | np.ndarray | pd.DataFrame | list):
        yield from _slices(data, size)
    elif isinstance(data, Mapping):
        lengths = {key: len(part) for key, part in data.items()}
        _checks.require(
            len(set(lengths.values())) == 1,
            f"(data) with {lengths} samples",
            "must have as many samples under each key",
            "Pass a dict of arrays of one length, named like the arguments of the model's forward.",
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
        array.ndim > 0, "(data)", "must have one row per sample", "Pass an array of samples."
    )
    for start in range(0, len(array), size):
        rows = array[start : start + size]
        if isinstance(rows, torch.Tensor):
            yield rows
        elif rows.flags.writeable and rows.flags.c_contiguous:
            yield torch.from_numpy(rows)
        else:  # torch accepts no negative strides, and warns about read-only memory
            yield torch.from_numpy(np.array(rows, order="C"))


def _inputs(item: Any) -> Any:
    """Return the model's inputs in an item of a DataLoader."""
    inputs = item[0] if isinstance(item, tuple | list) and item else item
    if isinstance(inputs, Mapping) and inputs:
        inputs = dict(inputs)
    odd = [part for part in tensors(inputs).values() if not isinstance(part, torch.Tensor)]
    if odd:
        _checks.fail(
            "(data)",
            "must yield tensors, dicts of tensors, or tuples that start with one, not "
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
