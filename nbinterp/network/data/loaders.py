"""Datasets and DataLoaders whose samples come in their own order, each time the same."""

import contextlib
from collections.abc import Sequence
from typing import Any
from weakref import WeakSet

import torch
from torch.utils._pytree import tree_leaves
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    SequentialSampler,
    Subset,
    TensorDataset,
    default_collate,
)

from nbinterp import _checks

# Samples that are read again, and how often: a flip by chance passes once in 256 times.
_PROBES, _READINGS = 4, 3
_TOGETHER = 64  # samples of the first batch whose order is tried

_REPEATABLE: "WeakSet[Any]" = WeakSet()


def ordered_loader(data: Any, size: int) -> DataLoader[Any]:
    """Return a DataLoader of a Dataset, or `data` itself if it is a DataLoader that keeps order."""
    if isinstance(data, DataLoader):
        check_order(data)
    elif not isinstance(data, Dataset):
        _checks.fail(
            f"(data={_checks.show(data)})",
            "must be an array, a tensor, a table, a dict of these, a torch Dataset or a DataLoader",
            "Pass the array of samples itself, scaled as the model expects.",
            TypeError,
        )
    loader = data if isinstance(data, DataLoader) else DataLoader(data, batch_size=size)
    _check_repeatable(loader)
    _check_collate(loader)
    return loader


def check_order(loader: DataLoader[Any]) -> None:
    """Refuse a DataLoader that does not yield all samples of its Dataset, in their order."""
    if isinstance(loader.dataset, IterableDataset):
        _checks.require(
            loader.num_workers <= 1,
            f"(data=DataLoader(num_workers={loader.num_workers})) of an IterableDataset",
            "must have one worker: several repeat its samples, or mix their order",
            "Make the DataLoader with num_workers=0.",
        )
    sampler = loader.sampler if loader.batch_sampler is None else loader.batch_sampler
    if isinstance(sampler, BatchSampler):
        drops = sampler.drop_last
    else:
        drops = bool(getattr(loader, "drop_last", False))
    _checks.require(
        not drops,
        "(data=DataLoader(drop_last=True))",
        "must yield all samples, or labels would not match",
        "Make the DataLoader with drop_last=False.",
    )
    if isinstance(loader.dataset, IterableDataset):
        return
    inner = sampler.sampler if type(sampler) is BatchSampler else sampler
    n = len(loader.dataset)  # type: ignore[arg-type]
    if type(inner) is SequentialSampler:
        in_order = len(inner) == n
    else:
        in_order = isinstance(inner, Sequence) and list(inner) == list(range(n))
    _checks.require(
        in_order,
        f"(data=DataLoader(…)) with a {type(inner).__name__}",
        "must keep the order of the samples, or labels would not match",
        "Make the DataLoader with shuffle=False and without a sampler.",
    )
    _checks.require(
        bool(getattr(loader, "in_order", True)) or loader.num_workers == 0,
        "(data=DataLoader(in_order=False))",
        "must keep the order of the samples, or labels would not match",
        "Make the DataLoader with in_order=True.",
    )


def n_samples(loader: DataLoader[Any]) -> int | None:
    """Return how many samples a DataLoader yields, or None if it cannot be known."""
    if isinstance(loader.dataset, IterableDataset) or loader.batch_sampler is None:
        return None
    try:
        return len(loader.dataset)  # type: ignore[arg-type]
    except TypeError:
        return None


def _check_repeatable(loader: DataLoader[Any]) -> None:
    """Refuse a Dataset that gives another sample when it is asked for the same one again."""
    dataset = _whole(loader.dataset)
    if not n_samples(loader) or isinstance(dataset, list | tuple | TensorDataset):
        return
    if dataset in _REPEATABLE:
        return
    collate = loader.collate_fn
    rows = range(min(len(dataset), _PROBES))
    for row in rows:
        first, *others = (tree_leaves(collate([dataset[row]])) for _ in range(_READINGS))
        _checks.require(
            all(len(other) == len(first) and all(map(_equal, first, other)) for other in others),
            f"(data=<{type(dataset).__name__}>)",
            f"must give the same sample each time, but sample {row} differs when it is read again",
            "Leave out random transforms such as flips and crops, and noise added by a collate_fn.",
        )
    with contextlib.suppress(TypeError):  # some objects cannot be referred to weakly
        _REPEATABLE.add(dataset)


def _check_collate(loader: DataLoader[Any]) -> None:
    """Refuse a collate_fn that puts samples in another order, as one that sorts by length."""
    collate, n = loader.collate_fn, n_samples(loader)
    if collate is default_collate or not n:
        return
    samples = [loader.dataset[row] for row in range(min(n, loader.batch_size or 1, _TOGETHER))]
    together = _first_tensor(collate(samples))
    if together is None or together.ndim == 0 or len(together) != len(samples):
        return
    for row, sample in enumerate(samples):
        alone = _first_tensor(collate([sample]))
        if alone is None or alone.ndim != together.ndim or len(alone) != 1:
            return
        places = [place for place, other in enumerate(together) if _is_padded(alone[0], other)]
        came = row if row in places or not places else places[0]
        _checks.require(
            came == row,
            "(data=DataLoader(collate_fn=…))",
            f"must keep the order of the samples, but sample {row} comes as row {came}",
            "Leave out what sorts them, such as by length; pack_padded_sequence takes"
            " enforce_sorted=False.",
        )


def _first_tensor(batch: Any) -> torch.Tensor | None:
    return next((item for item in tree_leaves(batch) if isinstance(item, torch.Tensor)), None)


def _is_padded(sample: torch.Tensor, row: torch.Tensor) -> bool:
    """Return whether `row` begins or ends with `sample`, along all its axes."""
    if any(a > b for a, b in zip(sample.shape, row.shape, strict=True)):
        return False
    begin = row[tuple(slice(size) for size in sample.shape)]
    shape = zip(sample.shape, row.shape, strict=True)
    end = row[tuple(slice(whole - size, whole) for size, whole in shape)]
    return torch.equal(begin, sample) or torch.equal(end, sample)


def _whole(dataset: Any) -> Any:
    """Return the Dataset that a Subset selects from."""
    return _whole(dataset.dataset) if type(dataset) is Subset else dataset


def _equal(first: Any, other: Any) -> bool:
    if isinstance(first, torch.Tensor) and isinstance(other, torch.Tensor):
        return torch.equal(torch.nan_to_num(first), torch.nan_to_num(other))
    return not isinstance(first, str | float | int) or bool(first == other)
