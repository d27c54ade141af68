import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import IterableDataset

from nbinterp.network import Recording, record
from nbinterp.network.recording.storage import InMemory

X = np.random.default_rng(0).normal(size=(37, 6)).astype(np.float32)


def small():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(6, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Linear(5, 3))


def test_half_storage_and_its_limit():
    whole, half = (record(small(), X, layers="2", dtype=kind) for kind in ("float32", "float16"))
    assert half["2"].dtype == np.float16
    np.testing.assert_allclose(half["2"], whole["2"], atol=2e-3)
    large = np.ones((5, 2), np.float32)
    large[3] = 1e5
    with pytest.raises(ValueError, match="within float16, but has greater values for sample 3"):
        record(nn.Sequential(nn.Identity()), large, layers="0", dtype="float16", batch_size=2)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_folder_holds_the_same_and_opens_again(tmp_path, dtype):
    folder = tmp_path / "rec"
    expected = record(small(), X, layers=["2", "0"], dtype=dtype)
    rec = record(small(), X, layers=["2", "0"], folder=folder, batch_size=8, dtype=dtype)
    for found in (rec, Recording.open(folder)):
        assert found.layers == ("2", "0") and isinstance(found["2"], np.memmap)
        assert found["0"].dtype == dtype and not found["0"].flags.writeable
        np.testing.assert_allclose(found["0"], expected["0"], atol=1e-3)
        np.testing.assert_allclose(found.concat("2"), expected.concat("2"), atol=1e-3)
        assert found.output_names == expected.output_names
    with pytest.raises(FileExistsError, match="must not exist yet"):
        record(small(), X, layers="2", folder=folder)


def test_an_interrupt_leaves_no_folder(tmp_path):
    class Interrupted(IterableDataset):
        def __iter__(self):
            yield from torch.from_numpy(X[:10])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        record(small(), Interrupted(), layers="2", batch_size=4, folder=tmp_path / "rec")
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(FileNotFoundError, match="must be a folder that record made"):
        Recording.open(tmp_path)


@pytest.mark.parametrize("n_rows", [None, 3, 7, 600])
@pytest.mark.parametrize("shape", [(7, 5), (300, 1000)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_rows_in_memory_are_the_blocks_in_order(n_rows, shape, dtype):
    block = np.random.default_rng(0).normal(size=shape[::-1]).astype(np.float32).T
    store = InMemory(dtype, n_rows)
    for sign in (1, -1):
        store.append(sign * block)
    found = store.close()
    assert found.dtype == dtype and found.flags.writeable and found.flags.c_contiguous
    np.testing.assert_array_equal(found, np.concatenate([block, -block]).astype(dtype))
