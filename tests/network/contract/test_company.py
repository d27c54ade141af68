"""Networks whose rows are kept apart until their layer is edited."""

import numpy as np
import pytest
import torch
from network.kinds import Of, head, hidden, table
from network.worlds import factors_of, seeded
from torch import nn

from nbinterp.distance import sensitivity_study
from nbinterp.network import perturb, record

REFUSED = (
    r"\(model\) must compute each sample by itself, .* with 'h' edited, changed with the other"
)
GIVEN = factors_of([f"h[{node}]" for node in range(12)], np.arange(1.0, 13.0))


def quiet(function):
    """Return a network whose layer hardly varies over the samples, and what follows it."""

    def make():
        layer = nn.Linear(8, 12)
        with torch.no_grad():
            layer.weight.mul_(1e-7)
            layer.bias.abs_().add_(1)
        return Of(lambda m, x: m.out(function(m.h(x))), h=layer, out=head())

    return seeded(make)


BY_OTHERS = {
    "mean": lambda h: 1 + h - h.mean(dim=0),
    "rank": lambda h: 1 + h - h.round().max(dim=0).values,
    "saturated": lambda h: 1 + (50 * (h - h.mean(dim=0))).tanh().round(),
    "any zero": lambda h: h * (2 if (h == 0).any() else 1),
    "any sample": lambda h: h + (h < 0).any().to(h),
    "norm": lambda h: h / h.norm() * len(h) ** 0.5,
}


@pytest.mark.parametrize("kind", BY_OTHERS)
def test_rows_that_depend_on_others_once_they_are_edited(kind):
    model = quiet(BY_OTHERS[kind])
    with pytest.raises(ValueError, match=rf"perturb{REFUSED}"):
        perturb(model, table(8), GIVEN, layer="h", amounts=[[1], [2]], progress=False)
    with pytest.raises(ValueError, match=rf"sensitivity_study{REFUSED}"):
        sensitivity_study(model, table(8), layer="h", progress=False)
    assert record(model, table(8), "h", progress=False)  # what it reads is right


@pytest.mark.parametrize("n", [1, 2, 3])
def test_few_samples_show_it_too(n):
    model = quiet(BY_OTHERS["mean"])
    with pytest.raises(ValueError, match=REFUSED):
        sensitivity_study(model, table(8)[:n], layer="h", progress=False)


OF_ITSELF = {
    "softmax": lambda h: (100 * h).softmax(dim=-1),
    "norm": lambda h: h / h.norm(dim=-1, keepdim=True),
    "threshold": lambda h: (h > 1).to(h),
    "best": lambda h: nn.functional.one_hot(h.argmax(dim=-1), 12).to(h),
    "exponential": lambda h: (h * 40).exp(),  # overflows where it is edited
}


@pytest.mark.parametrize("kind", OF_ITSELF)
def test_rows_of_their_own_are_not_refused(kind):
    function = OF_ITSELF[kind]
    for layer in (hidden(), nn.Linear(8, 12)):
        model = Of(lambda m, x: m.out(function(m.h(x))), h=layer, out=head())
        moved = perturb(
            model, table(8), GIVEN, layer="h", base=3, amounts=[[0.01], [-0.01]], progress=False
        )
        assert moved.outputs.shape == (2, 3)


class Full(nn.Module):
    """Experts of limited capacity: of those who come last, some get nothing."""

    def __init__(self, capacity):
        super().__init__()
        self.capacity, self.router, self.out = capacity, nn.Linear(4, 2), nn.Linear(4, 3)

    def forward(self, x):
        expert = self.router(x).argmax(1, keepdim=True) == torch.arange(2)
        place = (expert.cumsum(0) * expert).sum(1, keepdim=True)
        return self.out(x * (place <= self.capacity))


def test_what_only_many_samples_do_to_each_other():
    torch.manual_seed(0)
    x = torch.randn(100, 4)
    with pytest.raises(ValueError, match="a row of the output of a batch of 100 changed with"):
        record(Full(20), x, "out", progress=False)
    record(Full(100), x, "out", progress=False)
