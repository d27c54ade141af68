"""An untrained copy of a network."""

import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.network import Subject, untrained


def network():
    torch.manual_seed(5)
    return nn.Sequential(
        nn.Conv1d(2, 4, 3), nn.BatchNorm1d(4), nn.Flatten(), nn.Linear(32, 6), nn.LayerNorm(6)
    )


def test_parameters_are_those_of_a_network_made_anew():
    model = network()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    made = untrained(model, random_state=3)
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    for name in ("0.weight", "0.bias", "3.weight", "3.bias"):
        assert not torch.equal(made.state_dict()[name], before[name])
        assert made.state_dict()[name].std() == pytest.approx(float(before[name].std()), rel=0.6)


def test_norms_forget_what_they_have_seen():
    model = network().train()
    model(torch.randn(9, 2, 10) * 7 + 3)
    assert int(model[1].num_batches_tracked) == 1
    made = untrained(model)
    assert made.training
    assert torch.equal(made[1].running_mean, torch.zeros(4))
    assert int(made[1].num_batches_tracked) == 0
    bare = nn.Sequential(nn.BatchNorm1d(2, affine=False))
    bare(torch.randn(9, 2) + 3)
    assert torch.equal(untrained(bare)[0].running_mean, torch.zeros(2))


def test_seeds_and_the_generators_of_the_caller():
    model = network()
    torch.manual_seed(0)
    state = torch.get_rng_state()
    one, same, other = untrained(model), untrained(Subject(model)), untrained(model, random_state=1)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(one[0].weight, same[0].weight)
    assert not torch.equal(one[0].weight, other[0].weight)


def test_shared_parameters_stay_shared_and_attention_is_reset():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.into, self.out = nn.Embedding(7, 4), nn.Linear(4, 7, bias=False)
            self.out.weight = self.into.weight
            self.attention = nn.MultiheadAttention(4, 2)

        def forward(self, x):
            values = self.into(x)
            return self.out(self.attention(values, values, values)[0])

    model = Tied()
    made = untrained(model)
    assert made.out.weight is made.into.weight
    assert not torch.equal(made.attention.in_proj_weight, model.attention.in_proj_weight)
    assert torch.equal(made.attention.out_proj.bias, torch.zeros(4))
    assert made(torch.arange(3)).shape == (3, 7)


class Own(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x):
        return x * self.scale


def test_what_cannot_be_reset_is_refused_by_name():
    for part, name in (
        (Own(), "1, a Own,"),
        (nn.utils.parametrizations.weight_norm(nn.Linear(3, 3)), "1.parametrizations.weight"),
    ):
        with pytest.raises(TypeError, match=rf"untrained\(model=…\): {name}.*reset_parameters"):
            untrained(nn.Sequential(nn.Linear(3, 3), part))
    with pytest.raises(ValueError, match="are of lazy modules that have not run yet"):
        untrained(nn.Sequential(nn.LazyLinear(3)))
    with pytest.raises(TypeError, match="model"):
        untrained(np.ones(3))
    with pytest.raises(ValueError, match="random_state"):
        untrained(nn.Linear(3, 3), random_state=-1)
