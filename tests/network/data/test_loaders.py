"""DataLoaders and Datasets: rows in order and each time the same, or refused."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import (
    BatchSampler,
    DataLoader,
    Dataset,
    IterableDataset,
    RandomSampler,
    SequentialSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
)
from torch.utils.data.distributed import DistributedSampler

from nbinterp import record
from nbinterp.network.data.batches import batches, n_rows, take_rows

X = torch.arange(60.0)[:, None]
ROWS = TensorDataset(X)
IDENTITY = torch.nn.Sequential(torch.nn.Identity())


class Stream(IterableDataset):
    def __iter__(self):
        return iter(X)


class Rows(Dataset):
    def __init__(self, change=lambda row, index: row):
        self.change, self.read = change, 0

    def __len__(self):
        return 60

    def __getitem__(self, index):
        self.read += 1
        return self.change(X[index], index)


def rows(data):
    return record(IDENTITY, data, "0", progress=False)["0"][:, 0].tolist()


@pytest.mark.parametrize(
    "loader",
    [
        DataLoader(ROWS, 7),
        DataLoader(ROWS, 7, sampler=SequentialSampler(ROWS)),
        DataLoader(ROWS, 7, sampler=range(60)),
        DataLoader(ROWS, batch_sampler=BatchSampler(SequentialSampler(ROWS), 7, False)),
        DataLoader(TensorDataset(X.reshape(6, 10, 1)), batch_size=None),
        DataLoader(X, 7),
        DataLoader(Rows(), 7),
        DataLoader(Stream(), 7),
        DataLoader(Stream(), batch_size=7, num_workers=0),
        Rows(),
        Stream(),
        Subset(Rows(), range(60)),
    ],
    ids=lambda loader: type(loader).__name__,
)
def test_rows_come_in_order(loader):
    assert rows(loader) == X[:, 0].tolist()


@pytest.mark.parametrize(
    ("loader", "match"),
    [
        (DataLoader(ROWS, 7, shuffle=True), "a RandomSampler must keep the order"),
        (DataLoader(ROWS, 7, sampler=SubsetRandomSampler(range(60))), "a SubsetRandomSampler"),
        (DataLoader(ROWS, 7, sampler=WeightedRandomSampler([1.0] * 60, 60)), "order"),
        (DataLoader(ROWS, 7, sampler=torch.randperm(60).tolist()), "a list must keep the order"),
        (DataLoader(ROWS, 7, sampler=SequentialSampler(range(50))), "order of the samples"),
        (DataLoader(ROWS, 7, sampler=DistributedSampler(ROWS, 1, 0, shuffle=True)), "order"),
        (DataLoader(ROWS, batch_sampler=BatchSampler(RandomSampler(ROWS), 7, False)), "order"),
        (DataLoader(ROWS, batch_sampler=[[0, 1], [2, 3]]), "order"),
        (DataLoader(TensorDataset(X), batch_size=None, shuffle=True), "order"),
        (DataLoader(ROWS, 7, drop_last=True), r"drop_last=True\)\) must yield all samples"),
        (DataLoader(Stream(), 7, drop_last=True), "must yield all samples"),
        (DataLoader(Stream(), 7, num_workers=2), "must have one worker: several repeat"),
        (DataLoader(ROWS, 7, collate_fn=lambda rows: torch.stack(rows[0])), "once, 60"),
    ],
)
def test_other_orders_are_refused(loader, match):
    with pytest.raises(ValueError, match=rf"^record\(data.*{match}.*\. Make the "):
        rows(loader)


def test_rows_that_cannot_be_looked_up():
    for data in (Stream(), DataLoader(Stream(), 7), DataLoader(ROWS, batch_size=None)):
        with pytest.raises(TypeError, match="looked up by their number"):
            n_rows(data)
        with pytest.raises(TypeError, match="looked up by their number"):
            take_rows(data, [0])
    with pytest.raises(ValueError, match="must keep the order"):
        n_rows(DataLoader(ROWS, 7, shuffle=True))


def flipped(row, _):
    return row * (1 - 2 * int(torch.randint(2, ())))


@pytest.mark.parametrize(
    "data",
    [
        Rows(lambda row, _: row + torch.rand(())),
        Rows(lambda row, _: {"input": row + torch.rand(())}),
        Subset(Rows(lambda row, _: (row + torch.rand(()), 1)), [5, 4, 3]),
        DataLoader(Rows(), 7, collate_fn=lambda rows: torch.stack(rows) + torch.rand(())),
    ],
)
def test_random_samples_are_refused(data):
    with pytest.raises(ValueError, match=r"must give the same sample each time.* Leave out random"):
        list(batches(data, 5, torch.float32))


def test_flips_by_chance_are_found():
    torch.manual_seed(0)
    found = 0
    for _ in range(50):
        with pytest.raises(ValueError, match="the same sample each time"):
            list(batches(Rows(lambda row, index: flipped(row + 1, index)), 60, torch.float32))
        found += 1
    assert found == 50


def test_a_dataset_is_checked_once():
    data = Rows()
    list(batches(data, 60, torch.float32))
    first = data.read
    assert first <= 60 + 12
    list(batches(take_rows(data, torch.arange(3).numpy()), 60, torch.float32))
    assert data.read == first + 3


def test_a_collate_that_sorts_by_length_is_refused():
    lengths = [2, 5, 3, 4, 1, 5]
    samples = [(torch.full((length, 1), float(i)), i) for i, length in enumerate(lengths)]

    def padded(batch):
        return (pad_sequence([sample for sample, _ in batch], batch_first=True),)

    def by_length(batch):
        return padded(sorted(batch, key=lambda sample: -len(sample[0])))

    highest = nn.Sequential(nn.Flatten(), nn.AdaptiveMaxPool1d(1))
    rec = record(highest, DataLoader(samples, 6, collate_fn=padded), "1", progress=False)
    assert rec["1"][:, 0].tolist() == list(range(6))
    for wrong in (by_length, lambda batch: padded(batch[::-1])):
        with pytest.raises(ValueError, match="must keep the order of the samples, but sample 0"):
            record(highest, DataLoader(samples, 6, collate_fn=wrong), "1", progress=False)
