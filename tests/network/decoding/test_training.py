import torch
from torch import nn

from nbinterp.network.decoding.training import train


def world():
    generator = torch.Generator().manual_seed(0)
    inputs = torch.randn(400, 3, generator=generator)
    targets = inputs @ torch.tensor([[1.0], [-2.0], [0.5]])
    return (inputs[:300], targets[:300]), (inputs[300:], targets[300:])


def blank():
    network = nn.utils.skip_init(nn.Linear, 3, 1)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    return network


def fitted(**options):
    network = blank()
    options = {"learning_rate": 0.1, "batch_size": 32} | options
    return network, train(network, nn.functional.mse_loss, *world(), **options)


def test_finds_a_planted_map_and_returns_the_loss_of_what_it_keeps():
    network, score = fitted()
    planted = torch.tensor([[1.0, -2.0, 0.5]])
    torch.testing.assert_close(network.weight.detach(), planted, atol=1e-2, rtol=0)
    inputs, targets = world()[1]
    assert score == float(nn.functional.mse_loss(network(inputs), targets).detach())
    assert not network.training


def test_same_seed_same_network_and_the_global_generator_untouched():
    before = torch.random.get_rng_state()
    one, two, other = fitted(seed=1)[0], fitted(seed=1)[0], fitted(seed=2, max_epochs=1)[0]
    assert torch.equal(one.weight, two.weight)
    assert not torch.equal(one.weight, other.weight)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_keeps_the_best_epoch_not_the_last():
    # Validation wants half of what training wants: the loss falls, then rises again.
    (inputs, targets), _ = world()
    halfway = (inputs, targets / 2)
    kept, last = blank(), blank()
    options = {"learning_rate": 0.02, "batch_size": 32}
    best = train(kept, nn.functional.mse_loss, (inputs, targets), halfway, patience=99, **options)
    train(last, nn.functional.mse_loss, (inputs, targets), (inputs, targets), **options)
    assert best < float(nn.functional.mse_loss(last(inputs), targets / 2).detach()) / 4
