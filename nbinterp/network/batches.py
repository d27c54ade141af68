"""Any data that a network may be shown, as batches of tensors."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch.utils.data import DataLoader, Dataset, RandomSampler

from nbinterp import _checks


def batches(caller: str, data: Any, size: int, dtype: torch.dtype) -> Iterator[torch.Tensor]:
    """Yield copies of the samples of `data`, in order; floating types become `dtype`.

    Copies, since a network may write into its input. Whole numbers stay what they are: they
    may be tokens.
    """
    n_seen = 0
    for batch in _raw(caller, data, size):
        tensor = batch.to(dtype) if batch.is_floating_point() else batch
        _refuse_nonfinite(caller, tensor, n_seen)
        n_seen += len(tensor)
        yield tensor
    _checks.require(
        n_seen > 0, f"{caller}(data)", "must hold at least one sample", "Pass more data."
    )


def count(data: Any, size: int) -> int | None:
    """Return how many batches `batches` will yield, if `data` can tell."""
    try:
        return len(data) if isinstance(data, DataLoader) else -(-len(data) // size)
    except TypeError:
        return None


def _raw(caller: str, data: Any, size: int) -> Iterator[torch.Tensor]:
    if isinstance(data, torch.Tensor):
        _refuse_scalar(caller, data.ndim)
        for start in range(0, len(data), size):
            yield data[start : start + size].detach().clone()
    elif isinstance(data, np.ndarray | pd.DataFrame | list):
        array = _numeric(caller, data)
        _refuse_scalar(caller, array.ndim)
        for start in range(0, len(array), size):
            # order="C": torch takes no negative strides, as a flipped array has.
            yield torch.from_numpy(np.array(array[start : start + size], order="C"))
    else:
        for item in _loader(caller, data, size):
            inputs = item[0] if isinstance(item, tuple | list) and item else item
            if not isinstance(inputs, torch.Tensor):
                _checks.fail(
                    f"{caller}(data)",
                    f"must give tensors, or tuples that start so, not {type(inputs).__name__}",
                    "Wrap the Dataset or the model so that a sample is one tensor.",
                    TypeError,
                )
            yield inputs.detach().clone()


def _numeric(caller: str, data: Any) -> npt.NDArray[Any]:
    array = np.asarray(data)
    _checks.require(
        array.dtype.kind in "fiub",
        f"{caller}(data={_checks.show(array)} of {array.dtype})",
        "must be numbers",
        "Pass an array of floats, or of whole numbers for a network that embeds tokens.",
        TypeError,
    )
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _loader(caller: str, data: Any, size: int) -> DataLoader[Any]:
    if isinstance(data, Dataset):
        return DataLoader(data, batch_size=size)
    if not isinstance(data, DataLoader):
        _checks.fail(
            f"{caller}(data={_checks.show(data)})",
            "must be an array, a tensor, a torch Dataset or a DataLoader",
            "Pass the array of samples itself, scaled as the model expects.",
            TypeError,
        )
    _checks.require(
        not isinstance(data.sampler, RandomSampler),
        f"{caller}(data=DataLoader(shuffle=True))",
        "must keep the order of the samples, or labels would not match",
        "Make the DataLoader with shuffle=False.",
    )
    return data


def _refuse_scalar(caller: str, ndim: int) -> None:
    _checks.require(
        ndim > 0, f"{caller}(data)", "must have one row a sample", "Pass an array of samples."
    )


def _refuse_nonfinite(caller: str, batch: torch.Tensor, n_seen: int) -> None:
    # A sum reads the batch once and writes nothing; should it overflow, each entry is looked at.
    if not batch.is_floating_point() or bool(torch.isfinite(batch.sum())):
        return
    broken = (~torch.isfinite(batch.reshape(len(batch), -1))).any(dim=1)
    if not bool(broken.any()):
        return
    row = int(broken.nonzero()[0])
    _checks.fail(
        f"{caller}(data)",
        f"must be finite, but sample {n_seen + row} has NaN or infinite values",
        "Drop or fill those entries.",
    )
