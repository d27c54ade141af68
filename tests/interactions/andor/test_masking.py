import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.interactions import Players
from nbinterp.interactions.andor.masking import Masking, baseline_rows, coalition_outputs


def outputs(model, x, mask, baseline=0.0, background=None, batch_size=7, **options):
    x = torch.as_tensor(x)
    masking = Masking(x, Players(mask), baseline_rows(baseline, background, x))
    settings = {"output": "logit", "classes": None, "device": "cpu", "name": "net"}
    return coalition_outputs(
        model, masking, batch_size=batch_size, progress=False, **(settings | options)
    ).numpy()


def slow(model, x, mask, fills):
    n = max(np.ravel(mask)) + 1
    table = np.zeros((len(x), 2**n))
    for sample, row in enumerate(x):
        where = np.broadcast_to(mask, row.shape)
        for coalition in range(2**n):
            is_on = (where < 0) | (coalition >> np.maximum(where, 0) & 1).astype(bool)
            inputs = [np.where(is_on, row, fill) for fill in fills]
            table[sample, coalition] = model(torch.as_tensor(np.stack(inputs))).mean()
    return table


def square(x):
    return (x.flatten(1).cumsum(1) ** 2).sum(1)


def test_against_a_loop():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(3, 2, 4))
    mask = np.array([0, 2, -1, 1])
    np.testing.assert_allclose(outputs(square, x, mask), slow(square, x, mask, [0.0]))
    rows = rng.normal(size=(5, 2, 4))
    np.testing.assert_allclose(
        outputs(square, x, mask, "marginal", rows), slow(square, x, mask, rows)
    )


def test_batches_do_not_matter():
    x = np.random.default_rng(0).normal(size=(3, 4))
    tables = [outputs(square, x, [0, 1, 2, 3], batch_size=size) for size in (1, 5, 1000)]
    np.testing.assert_allclose(tables[0], tables[1])
    np.testing.assert_allclose(tables[0], tables[2])


def test_players_by_sample():
    x = np.array([[1.0, 10.0, 100.0], [1.0, 10.0, 100.0]])
    table = outputs(lambda z: z.sum(1), x, np.array([[0, 1, -1], [-1, 1, 0]]))
    assert table.tolist() == [[100, 101, 110, 111], [1, 101, 11, 111]]


def test_tokens_stay_whole_numbers():
    embed = nn.EmbeddingBag(9, 1, mode="sum")
    with torch.no_grad():
        embed.weight[:] = torch.arange(9.0)[:, None]
    tokens = torch.tensor([[3, 5, 7]])
    table = outputs(lambda t: embed(t)[:, 0], tokens, [0, -1, 1], baseline=1)
    assert table.tolist() == [[1 + 5 + 1, 3 + 5 + 1, 1 + 5 + 7, 3 + 5 + 7]]


def test_errors_of_outputs_name_the_coalition():
    def broken(x):
        return torch.where((x[:, 0] > 0) & (x[:, 2] > 0) & (x[:, 1] == 0), torch.nan, x.sum(1))

    message = r"gave nan for sample 1 with the players \{x0, x2\} on"
    with pytest.raises(ValueError, match=message):
        outputs(broken, np.array([[1.0, 1.0, 0.0], [1.0, 1.0, 1.0]]), [0, 1, 2])


class Net(nn.Module):
    def __init__(self, fails=False):
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.drop = nn.Dropout(0.5).eval()
        self.fails = fails

    def forward(self, x):
        assert not self.norm.training and not torch.is_grad_enabled()
        if self.fails:
            raise KeyboardInterrupt
        return self.drop(self.norm(x)).sum(1)


@pytest.mark.parametrize("fails", [False, True])
def test_the_model_is_restored(fails):
    net = Net(fails).train()
    net.drop.eval()
    before = {name: value.clone() for name, value in net.state_dict().items()}
    attributes = str(vars(net))  # hooks among them
    if fails:
        with pytest.raises(KeyboardInterrupt):
            outputs(net, np.ones((2, 3)), [0, 1, 2])
    else:
        outputs(net, np.ones((2, 3)), [0, 1, 2])
    assert net.training and net.norm.training and not net.drop.training
    assert all(torch.equal(before[name], value) for name, value in net.state_dict().items())
    assert all(value.grad is None for value in net.parameters())
    assert str(vars(net)) == attributes and torch.is_grad_enabled()


def test_a_model_that_writes_into_its_input_changes_nothing():
    x = torch.ones(2, 3)
    outputs(lambda z: z.mul_(2).sum(1), x, [0, 1, 2])
    assert torch.equal(x, torch.ones(2, 3))


X = torch.zeros(3, 2, 2)


def test_baselines():
    assert baseline_rows(0.5, None, X).tolist() == [[[0.5, 0.5], [0.5, 0.5]]]
    assert baseline_rows(np.array([1.0, 2.0]), None, X)[0].tolist() == [[1, 2], [1, 2]]
    background = np.arange(8.0).reshape(2, 2, 2)
    assert baseline_rows("mean", background, X).tolist() == [[[2, 3], [4, 5]]]
    assert baseline_rows("marginal", background, X).tolist() == background.tolist()
    assert baseline_rows(103, None, torch.ones(3, 4, dtype=torch.int64)).dtype == torch.int64


def test_bad_baselines():
    tokens = torch.ones(3, 4, dtype=torch.int64)
    for baseline, background, samples, message in (
        ("median", None, X, "must be one of 'mean', 'marginal'"),
        ("mean", None, X, "must come with background samples"),
        ("marginal", np.zeros((2, 3)), X, r"must hold samples of shape \(2, 2\)"),
        (np.zeros(3), None, X, "must fit samples of shape"),
        (np.nan, None, X, "must be a finite number"),
        (0.5, None, tokens, "must be whole numbers too"),
    ):
        with pytest.raises(ValueError, match=message):
            baseline_rows(baseline, background, samples)


@pytest.mark.parametrize("baseline", ["mean", "marginal"])
def test_read_only_baselines(baseline):
    rows = np.arange(8.0).reshape(2, 4)
    rows.flags.writeable = False
    x = torch.ones(3, 4, dtype=torch.float64)
    assert baseline_rows(rows[0], None, x).tolist() == [rows[0].tolist()]
    expected = rows.mean(0, keepdims=True) if baseline == "mean" else rows
    assert baseline_rows(baseline, rows, x).tolist() == expected.tolist()
