import numpy as np
import pytest
import torch
from network.worlds import assert_same, plain, seeded, state, worn

from nbinterp import _checks
from nbinterp.network.subject.hooks import evaluating, find, first_tensor, forward, home, watching

X = torch.from_numpy(np.random.default_rng(0).normal(size=(20, 6)).astype(np.float32))


def test_evaluating_puts_each_module_back_also_on_an_exception():
    model = worn(seeded(plain), X)
    before = state(model)
    with pytest.raises(KeyboardInterrupt), evaluating(model):
        assert not any(part.training for part in model.modules())
        assert not torch.is_grad_enabled()
        raise KeyboardInterrupt
    assert_same(before, state(model))
    assert torch.is_grad_enabled()


def test_watching_tells_outputs_in_order_and_leaves_no_hook():
    model = seeded(plain).eval()
    told = []
    tracking = find(model, ["1", "0.2"])
    with watching(tracking, lambda name, output: told.append((name, output))):
        model(X)
    model(X)
    assert [name for name, _ in told] == ["0.2", "1"]
    assert not any(part._forward_hooks for part in model.modules())


@pytest.mark.parametrize(
    ("layers", "match"),
    [
        ("0.3", r"test\(layers='0.3'\) must be the name of a submodule. Did you mean '0.[0-2]'"),
        ([], "at least one layer"),
        ("1#2", "not of one of its calls. Use '1'"),
    ],
)
def test_names_that_are_none(layers, match):
    with _checks.call("test"), pytest.raises(ValueError, match=match):
        find(seeded(plain), layers)


def test_the_first_tensor_of_what_a_module_puts_out():
    for output in (X, (X, None), [X], {"first": X, "second": 0}):
        assert first_tensor("it", output) is X
    for output in (None, (), "text", (None, X)):
        refused = pytest.raises(TypeError, match=r"test\(\): it must put out a tensor")
        with _checks.call("test"), refused:
            first_tensor("it", output)


def test_a_dict_names_the_arguments():
    class Two(torch.nn.Module):
        def forward(self, a, b):
            return a - b

    assert_same(forward(Two(), {"b": X, "a": 3 * X}), 3 * X - X)


def test_home_is_where_the_floats_are():
    model = torch.nn.Module()
    assert home(model) == (torch.device("cpu"), torch.float32)
    model.register_buffer("counts", torch.zeros(2, dtype=torch.int64))
    model.register_buffer("scale", torch.zeros(2, dtype=torch.float16))
    assert home(model) == (torch.device("cpu"), torch.float16)
