"""Networks that change or keep their batches during a recording."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import IterableDataset

from nbinterp.network import record
from nbinterp.network.recording.recorder import within

SIZES = [(7, 5), (300, 1000)]
HALF = float(np.finfo(np.float16).max)
NEXT = float(np.nextafter(np.float32(HALF), np.float32(np.inf)))
WHOLE = float(np.finfo(np.float32).max)

X = np.random.default_rng(0).normal(size=(37, 6)).astype(np.float32)


def test_writing_in_place_harms_neither_recording_nor_data():
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Linear(6, 5), nn.ReLU(inplace=True))
    for data in (X.copy(), torch.from_numpy(X.copy())):
        rec = record(model, data, layers=["1", "2"])
        np.testing.assert_array_equal(np.asarray(data), X)
        assert rec["1"].min() < 0
        np.testing.assert_array_equal(rec["2"], np.maximum(rec["1"], 0))


class Shows(nn.Module):
    """Hands each batch over, and returns a view of it."""

    def __init__(self, show):
        super().__init__()
        self.show = show

    def forward(self, x):
        self.show(x)
        return x[:, :3]


@pytest.mark.parametrize("progress", [False, True])
def test_a_network_that_keeps_its_batches_has_them_whole(progress):
    kept = []
    model = nn.Sequential(
        Shows(lambda x: kept.append(x.T)), nn.ReLU(inplace=True)
    )  # into what is a view of the input
    data = torch.from_numpy(X.copy())
    rec = record(model, data, layers="0", batch_size=8, progress=progress)
    np.testing.assert_array_equal(data, X)
    np.testing.assert_array_equal(rec["0"], X[:, :3])
    np.testing.assert_array_equal(rec.output, np.maximum(X[:, :3], 0))
    whole = torch.cat(kept, dim=1).T[-len(X) :]  # after those of the trial
    np.testing.assert_array_equal(whole[:, :3], rec.output)
    np.testing.assert_array_equal(whole[:, 3:], X[:, 3:])


@pytest.mark.parametrize("progress", [False, True])
def test_a_batch_is_gone_before_the_next_is_made(progress):
    batches = []

    class Stream(IterableDataset):
        def __iter__(self):
            for row in torch.from_numpy(X):
                assert all(batch() is None for batch in batches)  # those of the trial too
                yield row

    model = nn.Sequential(Shows(lambda x: batches.append(weakref.ref(x))))
    record(model, Stream(), layers="0", batch_size=8, progress=progress)
    assert len(batches) >= 5


@pytest.mark.parametrize("shape", SIZES)
@pytest.mark.parametrize("turn", [np.asarray, np.transpose, lambda block: block[:, ::2]])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 65505.0, -65505.0])
def test_one_value_is_enough(shape, turn, value):
    block = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    block[:, 0] = HALF
    block[:, 2] = -HALF
    assert within(turn(block), HALF)
    for place in (0, -1):
        broken = block.copy()
        broken[place, 2] = value
        assert not within(turn(broken), HALF)
        assert within(turn(broken), WHOLE) == np.isfinite(value)


@pytest.mark.parametrize("limit", [HALF, WHOLE])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 65505.0, -NEXT])
def test_one_value_among_small_ones_is_enough(limit, value):
    block = np.full((300, 200), 1e-3, np.float32)  # so that their squares add nothing
    assert within(block, limit)
    block[150, 100] = np.copysign(HALF, value)
    assert within(block, limit)
    block[150, 100] = np.float32(value)
    assert within(block, limit) == (limit == WHOLE and np.isfinite(value))


def test_the_largest_values_are_finite():
    for shape in SIZES:
        assert within(np.full(shape, WHOLE, np.float32), WHOLE)
        assert within(np.full(shape, -WHOLE, np.float32), WHOLE)
    assert within(np.empty((3, 0), np.float32), WHOLE)
