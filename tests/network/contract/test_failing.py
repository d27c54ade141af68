"""Samples that a model does not take: which layer failed, on what, and the way out."""

import numpy as np
import pytest
import torch
from network.kinds import MLP, Of, head, table
from network.worlds import factors_of
from torch import nn
from torch.utils.data import DataLoader

from nbinterp import LinearDistance, SmoothHess, check, perturb, record

GIVEN = factors_of([f"h1[{node}]" for node in range(12)], np.arange(1.0, 13.0))


def recorded(model, data):
    return record(model, data, "h1", progress=False)


CALLS = {
    "record": recorded,
    "perturb": lambda model, data: perturb(model, data, GIVEN, layer="h1", progress=False),
    "LinearDistance.explain": lambda model, data: LinearDistance(progress=False).explain(
        model, data, "h1.0"
    ),
    "SmoothHess.explain": lambda model, data: SmoothHess(progress=False).explain(
        model, torch.as_tensor(data[:1]), target=0
    ),
}


@pytest.mark.parametrize("name", CALLS)
def test_samples_of_another_width(name):
    said = (
        rf"^{name}\(data\).* must be samples that the model takes, but layer 'h1.0', "
        r"Linear\(in_features=8.*\), which got \(\d+, 7\) of float32, raised RuntimeError: "
        r"mat1 and mat2 shapes .* Pass samples of the shape and type"
    )
    with pytest.raises(ValueError, match=said) as caught:
        CALLS[name](MLP(), table(7))
    cause = caught.value.__cause__
    assert type(cause) is RuntimeError and "mat1 and mat2" in str(cause)


@pytest.mark.parametrize(
    ("model", "data", "said"),
    [
        (MLP(), np.ones((20, 8), int), r"shape \(8,\) and int64 .* 'h1.0', .* of int64, raised"),
        (
            Of(lambda m, x: m.h1(x).mean(1), h1=nn.Embedding(9, 4)),
            table(5),
            r"\(5,\) and float32 .* 'h1', Embedding\(9, 4\), which got \(\d+, 5\) of float32",
        ),
        (
            Of(lambda m, x: m.h1(x), h1=nn.Sequential(nn.BatchNorm1d(8), nn.Linear(8, 3))),
            table(2, 3, 4),
            r"layer 'h1.0', BatchNorm1d.* raised ValueError: expected 2D or 3D input",
        ),
        (
            Of(lambda m, x: m.h1(x.view(-1, 784)), h1=nn.Linear(784, 3)),
            table(7),
            r"takes, but it raised RuntimeError: shape '\[-1, 784\]' is invalid",
        ),
        (
            Of(lambda m, a, b: m.h1(a) + b, h1=nn.Linear(8, 3)),
            {"a": table(8), "c": table(8)},
            r"with 'a' samples of shape \(8,\) and float32 and 'c' .* raised TypeError",
        ),
    ],
)
def test_other_samples_that_no_model_takes(model, data, said):
    with pytest.raises(ValueError, match=rf"^record\(data\).*{said}") as caught:
        recorded(model, data)
    assert caught.value.__cause__ is not None


def test_a_later_batch():
    loader = DataLoader([torch.ones(8), torch.ones(8), torch.ones(7)], batch_size=1)
    with pytest.raises(ValueError, match=r"'h1.0', Linear.*, which got \(1, 7\) of float32"):
        recorded(MLP(), loader)


def test_check_says_it_of_each_function():
    found = check(MLP(), table(7), "h1")
    assert {answer.verdict for answer in found.answers} == {"refused"}
    assert "'h1.0', Linear" in found["record"].why
    assert found["record"].way_out.startswith("Pass samples")


def test_our_own_words_and_what_a_user_raises_pass():
    class StopEarlyError(Exception):
        pass

    def stop(m, x):
        raise StopEarlyError

    with pytest.raises(StopEarlyError):
        recorded(Of(stop, h1=head()), table(8))
    with pytest.raises(TypeError, match=r"^record\(\): layer 'h1' must return a tensor, not str"):
        recorded(Of(lambda m, x: (m.h1(x), x)[1], h1=Of(lambda m, x: "text")), table(8))
