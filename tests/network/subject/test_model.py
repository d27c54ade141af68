import numpy as np
import pytest
import torch
from network.worlds import assert_same, plain, seeded, state, worn
from torch import nn

from nbinterp import AndOr, SmoothHess, _checks, record
from nbinterp.network.subject.model import (
    device_and_dtype,
    eval_mode,
    find_layer,
    find_layers,
    forward,
)

X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))


def test_eval_mode_restores_each_module_also_on_an_exception():
    model = worn(seeded(plain), X)
    before = state(model)
    with pytest.raises(KeyboardInterrupt), eval_mode(model):
        assert not any(part.training for part in model.modules())
        assert not torch.is_grad_enabled()
        raise KeyboardInterrupt
    assert_same(before, state(model))
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        (["0.3"], r"test\(layers='0.3'\) must be the name of a submodule. Did you mean '0.[0-2]'"),
        ([], "at least one layer"),
        (["1#2"], "not of one of its calls. Use '1'"),
    ],
)
def test_unknown_layers(layers, match):
    with _checks.call("test"), pytest.raises(ValueError, match=match):
        find_layers(seeded(plain), layers)


@pytest.mark.parametrize(
    ("layer", "match"),
    [
        ("0.3", r"test\(layer='0.3'\) must be the name of a submodule. Did you mean '0.[0-2]'"),
        ("1#2", "not of one of its calls. Use '1'"),
        (["0"], r"test\(layer=\['0'\]\) must be the name of a submodule, not list"),
    ],
)
def test_an_unknown_layer(layer, match):
    with _checks.call("test"), pytest.raises(ValueError, match=match):
        find_layer(seeded(plain), layer)


def test_a_dict_names_the_arguments():
    class Two(torch.nn.Module):
        def forward(self, a, b):
            return a - b

    assert_same(forward(Two(), {"b": X, "a": 3 * X}), 3 * X - X)


def test_the_device_and_dtype_of_the_floats():
    model = torch.nn.Module()
    assert device_and_dtype(model) == (torch.device("cpu"), torch.float32)
    model.register_buffer("counts", torch.zeros(2, dtype=torch.int64))
    model.register_buffer("scale", torch.zeros(2, dtype=torch.float16))
    assert device_and_dtype(model) == (torch.device("cpu"), torch.float16)


@pytest.mark.parametrize(
    ("given", "shown", "remedy"),
    [
        (lambda m: [m, m], r"<list of 2: <Sequential>, <Sequential>>", "call again for each"),
        (lambda m: {"one": m}, r"<dict of 1: 'one'>", "call again for each"),
        (type, "<class .*Sequential'>", r"an object of the class, such as Sequential\(...\)"),
        (lambda m: lambda x: m(x), "<function", "Wrap a plain function"),
    ],
)
def test_what_is_no_model_is_shown_in_a_few_words(given, shown, remedy):
    model = nn.Sequential(nn.Linear(4, 3), nn.ReLU())
    with pytest.raises(TypeError, match=rf"^record\(model={shown}.*\) must be .*{remedy}"):
        record(given(model), torch.zeros(5, 4), "0")


def test_a_class_is_no_function_of_a_batch():
    for explain in (SmoothHess().explain, AndOr(progress=False).explain):
        with pytest.raises(TypeError, match=r"=<class .*must be a "):
            explain(nn.Identity, torch.zeros(2, 3))
