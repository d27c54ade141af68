import copy

import pytest
import torch
from torch import nn

from nbinterp.network.dropout.twins import (
    Dropout,
    classifier,
    shuffled_batches,
    train_together,
    with_dropout,
)

N_SAMPLES, N_INPUTS, N_CLASSES = 96, 6, 3


@pytest.fixture
def blobs():
    generator = torch.Generator().manual_seed(0)
    target = torch.randint(N_CLASSES, (N_SAMPLES,), generator=generator)
    centers = 3 * torch.randn(N_CLASSES, N_INPUTS, generator=generator)
    data = centers[target] + torch.randn(N_SAMPLES, N_INPUTS, generator=generator)
    return data.double(), target


def networks(n, dropout=0.0, seed=0):
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        # In float64: the gradient of a bias before batch normalization is rounding, which in
        # float32 is more than Adam's epsilon, and so becomes steps as large as any.
        return [classifier(N_INPUTS, (8, 5), N_CLASSES, dropout=dropout).double() for _ in range(n)]


def batches(n_orders, epochs=4, size=20):
    generator = torch.Generator().manual_seed(1)
    return list(shuffled_batches(N_SAMPLES, size, epochs, n_orders, generator))


def alone(network, data, target, rows, learning_rate):
    """The training written a second time, of one network with torch's own modules."""
    plain = nn.Sequential(
        *(
            nn.Sequential(layer.linear, layer.norm, layer.relu)
            for layer in (network.h1, network.h2)
        ),
        network.output,
    ).train()
    optimizer = torch.optim.Adam(plain.parameters(), lr=learning_rate)
    for batch in rows:
        optimizer.zero_grad()
        nn.functional.cross_entropy(plain(data[batch]), target[batch]).backward()
        optimizer.step()
    return network


def test_training_together_is_training_each_alone(blobs):
    stack, rows = networks(3), batches(3)
    singles = [
        alone(copy.deepcopy(network), *blobs, [step[number] for step in rows], 0.01)
        for number, network in enumerate(stack)
    ]
    before = [copy.deepcopy(network.state_dict()) for network in stack]
    train_together(stack, *blobs, rows, learning_rate=0.01)
    for start, network, single in zip(before, stack, singles, strict=True):
        state, expected = network.state_dict(), single.state_dict()
        for key in expected:  # running statistics and the count of batches are buffers of it
            torch.testing.assert_close(state[key], expected[key], atol=1e-4, rtol=1e-4, msg=key)
        moved = {key for key in state if not torch.equal(state[key], start[key])}
        assert {"h1.linear.weight", "h1.norm.running_mean", "h2.norm.running_var"} <= moved
        assert state["h1.norm.num_batches_tracked"] == len(rows)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_networks_drop_out_each_for_itself(blobs, dropout):
    first = networks(1, dropout)[0]
    stack = [first, copy.deepcopy(first)]
    rows = [step.expand(2, -1) for step in batches(1)]
    with torch.random.fork_rng():
        train_together(stack, *blobs, rows, learning_rate=0.01)
    weights = [network.h2.linear.weight for network in stack]
    assert torch.allclose(*weights, atol=1e-4) == (dropout == 0.0)


def test_dropping_out_does_not_reach_a_neighbour_without_it(blobs):
    rows, plain = batches(1), networks(1)[0]
    companions = [plain, with_dropout(plain, 0.5)]
    lonely = copy.deepcopy(plain)
    with torch.random.fork_rng():
        pairs = [step.expand(2, -1) for step in rows]
        train_together(companions, *blobs, pairs, learning_rate=0.01)
    train_together([lonely], *blobs, rows, learning_rate=0.01)
    for key, value in lonely.state_dict().items():
        torch.testing.assert_close(plain.state_dict()[key], value, atol=1e-4, rtol=1e-4)


def test_dropout_scales_what_it_keeps_and_sleeps_in_evaluation():
    layer, ones = Dropout(0.25), torch.ones(100_000)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        out = layer.train()(ones)
    assert torch.isin(out, torch.tensor([0.0, 1 / 0.75])).all()
    assert abs(float((out == 0).float().mean()) - 0.25) < 0.01  # seven standard deviations
    assert torch.equal(layer.eval()(ones), ones)


def test_twins_begin_with_the_same_weights_and_share_nothing():
    plain = networks(1)[0]
    twin = with_dropout(plain, 0.5)
    for key, value in plain.state_dict().items():
        other = twin.state_dict()[key]
        assert torch.equal(value, other) != key.endswith("rate")
        assert value.data_ptr() != other.data_ptr()


def test_trained_networks_are_ordinary_networks_in_eval_mode(blobs):
    stack = networks(2, dropout=0.5)
    with torch.random.fork_rng():
        train_together(stack, *blobs, batches(2, epochs=30), learning_rate=0.01)
    data, target = blobs
    for network in stack:
        assert not any(module.training for module in network.modules())
        with torch.no_grad():
            assert torch.equal(network(data), network(data))
            assert (network(data).argmax(1) == target).float().mean() > 0.9
        assert all(value.is_leaf and value.requires_grad for value in network.parameters())


def test_an_interrupt_leaves_the_networks_as_they_came(blobs):
    stack = networks(2)
    before = [copy.deepcopy(network.state_dict()) for network in stack]

    def interrupted():
        yield from batches(2)[:3]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_together(stack, *blobs, interrupted(), learning_rate=0.01)
    for start, network in zip(before, stack, strict=True):
        assert all(torch.equal(start[key], value) for key, value in network.state_dict().items())
        assert network.training


def test_batches_are_full_and_see_each_sample_once_an_epoch():
    generator = torch.Generator().manual_seed(0)
    rows = list(shuffled_batches(10, 3, 2, 4, generator))
    assert [tuple(step.shape) for step in rows] == [(4, 3)] * 6
    for epoch in (rows[:3], rows[3:]):
        for order in torch.cat(epoch, dim=1):
            assert len(order.unique()) == 9
    assert not torch.equal(rows[0][0], rows[0][1])


def test_the_default_type_changes_no_weight():
    expected = networks(1)[0]
    torch.set_default_dtype(torch.float64)
    try:
        found = networks(1)[0]
    finally:
        torch.set_default_dtype(torch.float32)
    for one, two in zip(found.state_dict().values(), expected.state_dict().values(), strict=True):
        assert torch.equal(one, two)
