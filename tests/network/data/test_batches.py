import numpy as np
import pandas as pd
import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from nbinterp.network.data.batches import batches, length, n_batches, n_rows_if_known

X = np.random.default_rng(0).normal(size=(10, 3))


def joined(data, size=4, dtype=torch.float32):
    return torch.cat(list(batches(data, size, dtype)))


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.astype(">f8"),
        X[::-1][::-1],
        X.tolist(),
        torch.from_numpy(X),
        pd.DataFrame(X),
        TensorDataset(torch.from_numpy(X)),
        DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=3),
    ],
)
def test_all_kinds_give_the_same_floats(data):
    found = joined(data)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), X.astype(np.float32))


def test_batches_are_copies_and_whole_numbers_stay():
    data = torch.zeros(6, 2)
    for batch in batches(data, 4, torch.float32):
        batch += 1
    assert not data.any()
    assert joined(np.arange(6)).dtype == torch.int64


def test_sizes_and_counts():
    assert [length(batch) for batch in batches(X, 4, torch.float32)] == [4, 4, 2]
    loader = DataLoader(TensorDataset(torch.from_numpy(X)), batch_size=3)
    assert (n_batches(X, 4), n_rows_if_known(X)) == (3, 10)
    assert (n_batches(loader, 4), n_rows_if_known(loader)) == (4, 10)
    assert (n_batches({"a": X}, 5), n_rows_if_known({"a": X})) == (2, 10)
    assert (n_batches(iter([]), 4), n_rows_if_known(iter([]))) == (None, None)


def test_dicts_stay_dicts():
    data = {"tokens": np.arange(10), "scale": X}
    first, *_ = batches(data, 4, torch.float16)
    assert first["tokens"].tolist() == [0, 1, 2, 3] and first["scale"].dtype == torch.float16


@pytest.mark.parametrize(
    ("data", "error", "match"),
    [
        (np.where(np.arange(30).reshape(10, 3) == 16, np.nan, X), ValueError, "sample 5 has NaN"),
        ({"a": X, "b": X[:4]}, ValueError, "as many samples under each key"),
        (X[:0], ValueError, "at least one sample"),
        (np.array(3.0), ValueError, "one row per sample"),
        (np.array(["a", "b"]), TypeError, "must be numbers"),
        ("text", TypeError, "must be an array"),
        (DataLoader([{"a": 1}, {"a": 2}], collate_fn=lambda rows: "odd"), TypeError, "not str"),
    ],
)
def test_odd_data(data, error, match):
    with pytest.raises(error, match=match):
        joined(data)
