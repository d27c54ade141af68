"""Values, gradients and Hessian columns of a scalar function, and the errors it raises."""

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from nbinterp import SmoothHess, Subject
from nbinterp.interactions import hessian
from nbinterp.interactions.gradients import ScalarFunction, as_rows, scalar_function


def net():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Flatten(), nn.Linear(4, 5), nn.Tanh(), nn.Linear(5, 3))


X = torch.linspace(-1, 1, 12).reshape(3, 4)


@pytest.mark.parametrize("target", [1, lambda out: out.square().sum(1)])
def test_gradients_are_those_of_autograd(target):
    model = net()
    function = scalar_function(model, target, (2, 2), 3)

    def alone(row):
        out = model(row.reshape(1, 2, 2))
        return out[0, 1] if target == 1 else target(out)[0]

    with function.eval_mode():
        found = function.gradients(X)
        columns = function.hessian_columns(X[0], torch.arange(4))
    for row, gradient in zip(X, found, strict=True):
        torch.testing.assert_close(gradient, torch.autograd.functional.jacobian(alone, row))
    torch.testing.assert_close(columns, torch.autograd.functional.hessian(alone, X[0]))
    assert all(p.grad is None and p.requires_grad for p in model.parameters())


def test_each_sample_may_have_its_own_output():
    function = scalar_function(net(), np.array([2, 0, 1]), (2, 2), 3)
    assert [function.for_sample(k).target for k in range(3)] == [2, 0, 1]
    one = scalar_function(net(), 1, (2, 2), 3)
    assert one.for_sample(2) is one


def test_linear_and_constant_functions_have_no_curvature():
    linear = ScalarFunction(lambda x: x.sum(1), None, (4,))
    assert not linear.hessian_columns(X[0], torch.arange(4)).any()
    constant = ScalarFunction(lambda x: 0 * x[:, 0].relu(), None, (4,))
    assert not constant.gradients(X).any()


def test_samples_may_be_frames_arrays_or_tensors():
    frame = pd.DataFrame(X.numpy().astype(float), columns=list("abcd"))
    rows, shape = as_rows(frame)
    assert rows.shape == (3, 4) and shape == (4,) and rows.dtype == torch.float64
    assert as_rows(X.reshape(3, 2, 2))[1] == (2, 2)
    read_only = X.numpy().copy()
    read_only.flags.writeable = False
    torch.testing.assert_close(as_rows(read_only)[0], X)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda: scalar_function(net(), [0, 1], (4,), 3), ValueError, "or one per sample, 3"),
        (
            lambda: scalar_function(net(), 1.5, (4,), 3),
            ValueError,
            "must be the number of an output",
        ),
        (
            lambda: ScalarFunction(net(), 7, (4,)).values(X),
            ValueError,
            "at most the last output, 2",
        ),
        (lambda: ScalarFunction(net(), None, (4,)).values(X), ValueError, r"not \(3, 3\)"),
        (lambda: ScalarFunction(lambda x: x[:, 0], 0, (4,)).values(X), ValueError, "n_outputs"),
        (lambda: ScalarFunction(list, None, (4,)).values(X), ValueError, "must return one output"),
        (lambda: as_rows(X[0]), ValueError, "must have one row per sample"),
        (lambda: as_rows(X.int()), TypeError, "whole numbers have no derivatives"),
        (lambda: as_rows([[1, 2]]), TypeError, "whole numbers have no derivatives"),
    ],
)
def test_bad(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_rows_that_depend_on_each_other_or_on_chance_are_refused():
    for model, words in (
        (lambda x: x[:, 0] - x.mean(), "a row changed with the other rows"),
        (lambda x: x.sum(1) + torch.rand(len(x)), "must draw no random numbers"),
    ):
        with pytest.raises(ValueError, match=words):
            ScalarFunction(model, None, (4,)).check(X)


@pytest.mark.parametrize("is_shared", [True, False])
def test_a_seed_makes_a_model_right_that_draws_alike_for_all_rows(is_shared):
    class Noisy(nn.Module):
        def forward(self, x):
            noise = torch.rand(x.shape[1]) if is_shared else torch.rand_like(x)
            return ((x + noise) ** 3).sum(1)

    x = torch.ones(1, 4)
    with pytest.raises(ValueError, match=r"^hessian\(model\) must draw no random numbers"):
        hessian(Noisy(), x)
    if not is_shared:
        with pytest.raises(ValueError, match="must compute each row of a batch by itself"):
            hessian(Subject(Noisy(), seed=3), x)
        return
    with torch.random.fork_rng():
        torch.manual_seed(3)
        expected = 6 * torch.diag(1 + torch.rand(4))
    np.testing.assert_allclose(hessian(Subject(Noisy(), seed=3), x)[0], expected, rtol=1e-5)
    smooth = SmoothHess(sigma=1e-3, n_samples=4000, random_state=0, progress=False)
    found = smooth.explain(Subject(Noisy(), seed=3), x).gradient[0]
    np.testing.assert_allclose(found, 3 * (expected.diagonal() / 6) ** 2, rtol=0.01)
