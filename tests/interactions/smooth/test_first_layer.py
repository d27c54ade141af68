"""Gradients at the output of the first Linear give the same sums as gradients at the input."""

import copy

import pytest
import torch
from torch import nn

from nbinterp.interactions import SmoothHess
from nbinterp.interactions.gradients import ScalarFunction
from nbinterp.interactions.smooth.first_layer import input_linear_of
from nbinterp.interactions.smooth.kernel import Noise
from nbinterp.interactions.smooth.stein import Stein
from nbinterp.network import fast_paths

D = 6
RANDOM = torch.Generator().manual_seed(0)
Z = torch.randn((20, D), generator=RANDOM, dtype=torch.float64)
X = torch.randn((3, D), generator=RANDOM, dtype=torch.float64)


class Body(nn.Module):
    """An image through a Linear, and through `also`, which may read the image too."""

    def __init__(self, also=None, before=None):
        super().__init__()
        torch.manual_seed(0)
        self.first, self.last = nn.Linear(D, 9), nn.Linear(9, 3)
        self.also, self.before = also, before
        self.double().eval()

    def forward(self, x):
        rows = x.flatten(1)
        hidden = self.first(rows if self.before is None else self.before(rows)).sin()
        if self.also is not None:
            hidden = self.also(hidden, rows)
        return self.last(hidden)


class TwoReaders(Body):
    def forward(self, x):
        return self.last(self.first(x.flatten(1)).sin() + self.first(x.flatten(1)).tanh())


def function(model):
    return ScalarFunction(model, 1, (1, 2, 3))


def found(model, x=X):
    with function(model).eval_mode():
        return input_linear_of(function(model), x[:1])


def test_the_only_reader_of_the_input_is_found():
    model = Body()
    assert torch.equal(found(model).weight, model.first.weight)
    sequence = nn.Sequential(nn.Flatten(), nn.Linear(D, 4), nn.ReLU(), nn.Linear(4, 3)).double()
    assert torch.equal(found(sequence).weight, sequence[1].weight)


@pytest.mark.parametrize(
    "model",
    [
        Body(also=lambda hidden, rows: hidden + rows.mean(1, keepdim=True)),
        Body(also=lambda hidden, rows: hidden * (rows[:, :1] > 0)),
        Body(before=lambda rows: 2 * rows),
        Body(before=lambda rows: rows.flip(1)),
        TwoReaders(),
        lambda x: x.flatten(1)[:, :3] ** 2,
    ],
    ids=["skip", "mask", "scaled", "turned", "twice", "function"],
)
def test_other_readers_of_the_input_are_noticed(model):
    assert found(model) is None


def test_hooks_of_the_user_are_respected():
    after, before = Body(), Body()
    after.first.register_forward_hook(lambda _module, _inputs, output: 2 * output)
    before.first.register_forward_pre_hook(lambda _module, inputs: (2 * inputs[0],))
    assert found(after) is None and found(before) is None


def test_no_fast_path_when_they_are_off(monkeypatch):
    with fast_paths(False):
        assert found(Body()) is None
    monkeypatch.setenv("NBINTERP_FAST_PATHS", "0")
    assert found(Body()) is None


@pytest.mark.parametrize("members", [None, torch.eye(D, dtype=torch.float64)[:, :4]])
@pytest.mark.parametrize(("is_paired", "is_centred"), [(True, False), (False, True)])
@pytest.mark.parametrize("batch_size", [None, 7])
def test_the_same_sums(members, is_paired, is_centred, batch_size):
    model = Body()
    settings = (Noise(0.3), members, is_paired, is_centred, batch_size)
    with function(model).eval_mode():
        plain = Stein(function(model), *settings)
        fast = Stein(function(model), *settings, input_linear_of(function(model), X[:1]))
        for known, made in zip(plain.matrices(X, Z), fast.matrices(X, Z), strict=True):
            torch.testing.assert_close(made, known)
        for known, made in zip(plain.factors(X, Z)[0], fast.factors(X, Z)[0], strict=True):
            eye = torch.eye(D if members is None else 4, dtype=torch.float64)
            torch.testing.assert_close(made.product(eye), known.product(eye))
    assert "forward" not in vars(model.first)


def test_fast_paths_on_and_off_give_the_same_result():
    model, x = Body(), X.view(3, 1, 2, 3)
    before = copy.deepcopy(model.state_dict())
    found = []
    for enabled in (True, False):
        with fast_paths(enabled):
            settings = SmoothHess(n_samples=2000, random_state=0)
            found.append(settings.explain(model, x, target=[0, 1, 2]))
    fast, plain = found
    torch.testing.assert_close(torch.as_tensor(fast.hessian), torch.as_tensor(plain.hessian))
    torch.testing.assert_close(torch.as_tensor(fast.gradient), torch.as_tensor(plain.gradient))
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    assert all(parameter.grad is None for parameter in model.parameters())
