"""One number a sample: its values, gradients and turns, and what it refuses."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nbinterp.interactions.gradients import Scalar, flat, scalar


def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


X = torch.linspace(-1, 1, 12).reshape(3, 4)


@pytest.mark.parametrize("target", [1, lambda out: out.square().sum(1)])
def test_gradients_are_those_of_autograd(target):
    model = net()
    function = scalar(model, target, (2, 2), 3)

    def alone(row):
        out = model(row.reshape(1, 2, 2))
        return out[0, 1] if target == 1 else target(out)[0]

    with function.visiting():
        found = function.gradients(X)
        turned = function.turns(X[0], torch.arange(4))
    for row, slope in zip(X, found, strict=True):
        torch.testing.assert_close(slope, torch.autograd.functional.jacobian(alone, row))
    torch.testing.assert_close(turned, torch.autograd.functional.hessian(alone, X[0]))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_each_sample_may_have_its_own_output():
    function = scalar(net(), np.array([2, 0, 1]), (2, 2), 3)
    assert [function.of(k).target for k in range(3)] == [2, 0, 1]
    one = scalar(net(), 1, (2, 2), 3)
    assert one.of(2) is one


def test_a_function_that_is_constant_or_linear_does_not_turn():
    linear = Scalar(lambda x: x.sum(1), None, (4,))
    assert not linear.turns(X[0], torch.arange(4)).any()
    constant = Scalar(lambda x: 0 * x[:, 0].relu(), None, (4,))
    assert not constant.gradients(X).any()


def test_samples_come_in_many_forms():
    frame = pd.DataFrame(X.numpy().astype(float), columns=list("abcd"))
    rows, shape = flat(frame)
    assert rows.shape == (3, 4) and shape == (4,) and rows.dtype == torch.float64
    assert flat(X.reshape(3, 2, 2))[1] == (2, 2)
    lent = X.numpy().copy()
    lent.flags.writeable = False
    torch.testing.assert_close(flat(lent)[0], X)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: scalar(net(), [0, 1], (4,), 3), ValueError, "or one a sample, 3"),
        (lambda: scalar(net(), 1.5, (4,), 3), ValueError, "must be the number of an output"),
        (lambda: Scalar(net(), 7, (4,)).values(X), ValueError, "at most the last output, 2"),
        (lambda: Scalar(net(), None, (4,)).values(X), ValueError, r"not \(3, 3\)"),
        (lambda: Scalar(lambda x: x[:, 0], 0, (4,)).values(X), ValueError, "n_outputs"),
        (lambda: Scalar(list, None, (4,)).values(X), ValueError, "one number a sample"),
        (lambda: flat(X[0]), ValueError, "must have a row a sample"),
        (lambda: flat(X.int()), TypeError, "whole numbers have no derivatives"),
        (lambda: flat([[1, 2]]), TypeError, "whole numbers have no derivatives"),
    ],
)
def test_bad(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_rows_that_depend_on_each_other_or_on_chance_are_refused():
    for model in (lambda x: x[:, 0] - x.mean(), lambda x: x.sum(1) + torch.rand(len(x))):
        with pytest.raises(ValueError, match="a row changed with its company"):
            Scalar(model, None, (4,)).check(X)
