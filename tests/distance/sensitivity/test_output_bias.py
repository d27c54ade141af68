import pytest
import torch
from network.worlds import Conv, Skip, assert_same, plain, seeded, state, worn
from torch import nn

from nbinterp.distance.sensitivity.output_bias import output_bias
from nbinterp.network import Subject

X = torch.randn(2, 6, generator=torch.Generator().manual_seed(0))


class Pooled(nn.Module):
    """Class scores are means of maps."""

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(1, 4, 3)
        self.head = nn.Conv2d(4, 3, 1)

    def forward(self, x):
        return self.head(torch.relu(self.first(x))).mean(dim=(2, 3))


@pytest.mark.parametrize(
    ("make", "layer", "head", "x"),
    [
        (plain, "0.0", "3", X),
        (Skip, "layer.0", "output", X),
        (Conv, "conv.1", "output", torch.randn(2, 1, 6, 6)),
        (Pooled, "first", "head", torch.randn(2, 1, 6, 6)),
        (lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3), nn.LogSoftmax(1)), "0", "1", X),
        (
            lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3), nn.BatchNorm1d(3)),
            "0",
            "2",
            X,
        ),
    ],
)
def test_the_bias_of_the_last_module(make, layer, head, x):
    model = seeded(make)
    with torch.no_grad():
        model.get_submodule(head).bias.uniform_(1, 2)
    found = output_bias(Subject(model), x, model.get_submodule(layer))
    assert torch.equal(found, model.get_submodule(head).bias)


def test_none_and_zero():
    free = seeded(lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3, bias=False)))
    assert not output_bias(Subject(free), X, free[0]).any()
    squashed = seeded(lambda: nn.Sequential(nn.Linear(6, 8), nn.Linear(8, 3), nn.Softmax(1)))
    assert output_bias(Subject(squashed), X, squashed[0]) is None
    # No bias comes after the last layer itself.
    assert output_bias(Subject(free), X, free[1]) is None


def test_the_model_is_restored():
    model = worn(seeded(plain), torch.randn(5, 6))
    before = state(model)
    output_bias(Subject(model), X, model[0])
    assert_same(before, state(model))
