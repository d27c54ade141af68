"""The search in cells: its recall, and its fallback to the exact search."""

import numpy as np
import pytest
import torch

from nbinterp import _device
from nbinterp._numerics import inverted_file
from nbinterp._numerics.inverted_file import nearest_by_cells
from nbinterp._numerics.neighbours import nearest


def blobs(n: int, p: int, spread: float) -> torch.Tensor:
    random = np.random.RandomState(0)
    centres = random.standard_normal((40, p))
    return torch.as_tensor(
        centres[random.randint(40, size=n)] + spread * random.standard_normal((n, p))
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_recall_is_as_claimed(dtype):
    data = blobs(3000, 10, 0.3).to(dtype)
    found, claimed = nearest_by_cells(data, 10, np.random.RandomState(0))
    exact = nearest(data, data, 10, own=torch.arange(3000))
    recall = float((found.distances <= exact.distances[:, -1:]).double().mean())
    assert 0.99 <= claimed < 1  # cells were searched, not everything
    assert recall == pytest.approx(claimed, abs=0.01)
    assert (found.indices != torch.arange(3000)[:, None]).all()
    true = torch.linalg.vector_norm(data[found.indices] - data[:, None], dim=2)
    torch.testing.assert_close(found.distances, true)


def test_blocks_change_nothing(monkeypatch):
    data = blobs(1500, 6, 0.3)
    whole, _ = nearest_by_cells(data, 5, np.random.RandomState(0))
    monkeypatch.setattr(_device, "CPU_BLOCK_BYTES", 20_000)
    blocks, _ = nearest_by_cells(data, 5, np.random.RandomState(0))
    assert torch.equal(whole.indices, blocks.indices)


def test_what_has_no_cells_is_searched_exactly():
    data = blobs(600, 50, 30.0)  # one cloud in many dimensions: near is everywhere
    found, recall = nearest_by_cells(data, 10, np.random.RandomState(0))
    exact = nearest(data, data, 10, own=torch.arange(600))
    assert recall == 1
    assert torch.equal(found.indices, exact.indices)


def test_a_low_recall_is_not_returned(monkeypatch):
    data = blobs(1500, 10, 0.3)
    monkeypatch.setattr(
        inverted_file,
        "_search_cells",
        lambda data, k, *_: inverted_file.Neighbours(
            torch.zeros(len(data), k, dtype=torch.int64), torch.full((len(data), k), 1e9)
        ),
    )
    assert nearest_by_cells(data, 5, np.random.RandomState(0))[1] == 1


def test_duplicates_and_tiny_cells():
    data = torch.cat([blobs(500, 4, 0.1), torch.zeros(400, 4, dtype=torch.float64)])
    found, _ = nearest_by_cells(data, 30, np.random.RandomState(0))
    assert found.distances.isfinite().all()
    assert (found.indices != torch.arange(900)[:, None]).all()
