"""Read any data that a network accepts: as batches of tensors, or some rows of it.

A batch is a tensor, or a dict of named inputs: tensors with a row for each sample, and what all
samples share, such as a number, a flag or None.
"""

import cmath
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils._pytree import tree_map
from torch.utils.data import DataLoader, Dataset, IterableDataset, Subset

from nbinterp import _checks
from nbinterp._typing import IntArray
from nbinterp.network.data.inputs import by_rows, is_whole, readable, slices
from nbinterp.network.data.loaders import check_order, n_samples, ordered_loader


def batches(data: Any, size: int, dtype: torch.dtype, *, check: bool = True) -> Iterator[Any]:
    """Yield copies of the samples of `data`, in order; floating types become `dtype`.

    They are copies, since a network may write into its input. Whole numbers keep their type: they
    may be tokens. With `check`, values that are not finite are refused.
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
        if not (part.is_floating_point() or part.is_complex()):
            continue
        if cmath.isfinite(part.detach().sum().item()):
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
    if isinstance(data, DataLoader):
        return n_samples(data)
    try:
        return len(_first(data))
    except TypeError:
        return None


def n_rows(data: Any) -> int:
    """Return how many samples `data` holds; refuse what has no length, or comes in no order."""
    if isinstance(data, DataLoader):
        check_order(data)
    known = None if isinstance(data, IterableDataset) else n_rows_if_known(data)
    if known is None:
        _checks.fail(
            f"(data={_checks.show(data.dataset if isinstance(data, DataLoader) else data)})",
            "must hold samples that can be looked up by their number",
            "Pass an array, a tensor, a Dataset with a length, or a DataLoader that batches one.",
            TypeError,
        )
    return known


def take_rows(data: Any, rows: IntArray) -> Any:
    """Return the samples `rows` of `data`, in a form that `record` accepts."""
    n_rows(data)
    if isinstance(data, DataLoader):
        return DataLoader(
            Subset(data.dataset, rows.tolist()),
            batch_size=data.batch_size or 1,
            collate_fn=data.collate_fn,
        )
    if isinstance(data, Dataset):
        return Subset(data, rows.tolist())
    if isinstance(data, Mapping):
        return {
            key: part if is_whole(part) else take_rows(part, rows) for key, part in data.items()
        }
    if isinstance(data, list):
        return [data[row] for row in rows]
    held = readable(data)
    if isinstance(held, torch.Tensor):
        return held[torch.as_tensor(rows, device=held.device)]
    return held.iloc[rows] if isinstance(held, pd.DataFrame | pd.Series) else held[rows]


def length(batch: Any) -> int:
    """Return the number of samples of a batch."""
    return len(next(iter(tensors(batch).values())))


def tensors(batch: Any) -> dict[str, torch.Tensor]:
    """Return the tensors of a batch that have a row for each sample, by name.

    The name of a single one is empty.
    """
    if not isinstance(batch, dict):
        return {"": batch}
    return {name: part for name, part in batch.items() if not is_whole(part)}


def map_tensors(change: Callable[[torch.Tensor], torch.Tensor], batch: Any) -> Any:
    """Apply `change` to each tensor of a batch."""
    if isinstance(batch, torch.Tensor):  # tree_map would take 20 us, a hundredth of a small pass
        return change(batch)
    return tree_map(lambda part: change(part) if isinstance(part, torch.Tensor) else part, batch)


def to_device(batch: Any, device: torch.device) -> Any:
    """Return a batch, of one tensor or several, on `device`."""
    return map_tensors(lambda part: part.to(device), batch)


def _first(data: Any) -> Any:
    """Return an object whose length is the number of samples."""
    if not isinstance(data, Mapping):
        return data
    return next((part for part in data.values() if not is_whole(part)), ())


def _copied(part: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    wanted = dtype if part.is_floating_point() else part.dtype
    if part.is_complex():
        wanted = torch.complex128 if dtype == torch.float64 else torch.complex64
    if wanted == part.dtype and part.is_contiguous() and not part.requires_grad:
        return part.clone()
    return part.detach().to(wanted, copy=True, memory_format=torch.contiguous_format)


def _raw(data: Any, size: int) -> Iterator[Any]:
    """Yield tensors, or dicts of them, that may share memory with `data`."""
    held = readable(data)
    if isinstance(held, torch.Tensor | np.ndarray | pd.DataFrame | pd.Series | list):
        yield from slices(held, size)
    elif isinstance(held, Mapping):
        parts = by_rows(held)
        columns = [slices(part, size, f"data[{key!r}]") for key, part in parts.items()]
        for row in zip(*columns, strict=True):
            yield dict(held) | dict(zip(parts, row, strict=True))
    else:
        loader, n_seen = ordered_loader(held, size), 0
        for item in loader:
            batch = _inputs(item)
            n_seen += length(batch)
            yield batch
        n = n_samples(loader)
        _checks.require(
            n is None or n_seen == n,
            f"(data) with {n_seen} samples",
            f"must yield each sample of its Dataset once, {n}",
            "Make the collate_fn keep all samples, one in each row.",
        )


def _inputs(item: Any) -> Any:
    """Return the model's inputs in an item of a DataLoader."""
    inputs = item[0] if isinstance(item, tuple | list) and item else item
    if isinstance(inputs, Mapping) and inputs:
        inputs = dict(inputs)
    parts = list(inputs.values()) if isinstance(inputs, dict) else [inputs]
    odd = [part for part in parts if not isinstance(part, torch.Tensor)]
    if isinstance(inputs, dict) and len(odd) < len(parts):
        odd = [part for part in odd if not is_whole(part)]
    if odd or not tensors(inputs):
        _checks.fail(
            "(data)",
            "must yield tensors, dicts of tensors, or tuples that start with one, not "
            f"{type(odd[0]).__name__ if odd else 'single numbers'}",
            "Wrap the Dataset or the model so that a sample is one tensor, or a dict of them.",
            TypeError,
        )
    return inputs
