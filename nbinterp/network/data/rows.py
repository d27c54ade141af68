"""Some samples out of any data that a network may be shown."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch.utils.data import DataLoader, IterableDataset, Subset

from nbinterp import _checks
from nbinterp._typing import IntArray


def n_rows(data: Any) -> int:
    """Return how many samples `data` holds."""
    if isinstance(data, DataLoader):
        data = data.dataset
    if isinstance(data, Mapping):
        data = next(iter(data.values()), ())
    _checks.require(
        hasattr(data, "__len__") and not isinstance(data, IterableDataset),
        f"(data={_checks.show(data)})",
        "must hold samples that can be looked up by their number",
        "Pass an array, a tensor or a Dataset with a length.",
        TypeError,
    )
    return len(data)


def pick(data: Any, rows: IntArray) -> Any:
    """Return the samples `rows` of `data` in a form that `record` takes."""
    if isinstance(data, DataLoader):
        return DataLoader(
            Subset(data.dataset, rows.tolist()),
            batch_size=data.batch_size or 1,
            collate_fn=data.collate_fn,
        )
    if isinstance(data, Mapping):
        return {key: pick(part, rows) for key, part in data.items()}
    if isinstance(data, pd.DataFrame):
        return data.iloc[rows]
    if isinstance(data, torch.Tensor):
        return data[torch.as_tensor(rows, device=data.device)]
    if isinstance(data, np.ndarray):
        return data[rows]
    if isinstance(data, list):
        return [data[row] for row in rows]
    return Subset(data, rows.tolist())
