"""Edits of a layer give what plain passes with a hook give."""

import pytest
import torch
from network.worlds import Conv, Skip, assert_same, normed, plain, seeded, state, worn
from torch import nn

from nbinterp.network.subject.forward import EditedForward

X = torch.randn(5, 6, generator=torch.Generator().manual_seed(0))
MAPS = torch.randn(5, 1, 6, 6, generator=torch.Generator().manual_seed(0))
WORLDS = {plain: ("0", X), normed: ("0.0", X), Skip: ("layer", X), Conv: ("conv", MAPS)}


def plainly(model, layer, x, edit):
    """Return the outputs with one hook, for one edit after the other."""
    found = []
    for number in range(3):
        handle = model.get_submodule(layer).register_forward_hook(
            lambda _m, _i, output, number=number: edit(output)[len(x) * number :][: len(x)]
        )
        with torch.no_grad():
            found.append(model.eval()(x))
        handle.remove()
    return torch.cat(found)


def thrice(activation):
    return torch.cat([activation, activation / 2, activation * 0 + 1])


@pytest.mark.parametrize("make", WORLDS)
def test_edits_of_a_batch(make):
    layer, x = WORLDS[make]
    model = seeded(make)
    edited = EditedForward(model, layer)
    activation = edited.probe(x[:2])
    assert (edited.tail is None) == (make is Skip) and len(activation) == 2
    expected = plainly(model, layer, x, thrice)
    for _ in range(2):  # nothing was written into what is shared
        with edited.prepared(x) as run:
            for _ in range(2):
                torch.testing.assert_close(run(3, thrice), expected)


@pytest.mark.parametrize("make", WORLDS)
def test_a_layer_that_is_replaced(make):
    layer, x = WORLDS[make]
    model = seeded(make)
    edited = EditedForward(model, layer)
    rows = edited.probe(x)[:3] * 2

    def rows_like(activation):
        assert activation.shape[1:] == rows.shape[1:] and activation.dtype == rows.dtype
        return rows.clone()

    handle = model.get_submodule(layer).register_forward_hook(lambda _m, _i, _o: rows.clone())
    with torch.no_grad():
        expected = model.eval()(x[:1].expand(3, *x.shape[1:]))
    handle.remove()
    found = edited.replaced(x[:1], 3, rows_like)
    torch.testing.assert_close(found, expected)


def test_a_model_that_changes_runs_as_a_whole():
    model = seeded(plain)
    edited = EditedForward(model, "0")
    edited.probe(X)
    model[3] = nn.Linear(5, 3)
    with edited.prepared(X) as run:
        torch.testing.assert_close(run(3, thrice), plainly(model, "0", X, thrice))
    model[3].register_forward_hook(lambda _m, _i, output: output + 1)
    with edited.prepared(X) as run:
        torch.testing.assert_close(run(3, thrice), plainly(model, "0", X, thrice))


def test_the_model_is_restored():
    model = worn(seeded(plain), X)
    before = state(model)
    edited = EditedForward(model, "0")
    edited.probe(X)
    with edited.prepared(X) as run:
        run(3, thrice)
    assert_same(before, state(model))


def test_a_layer_that_runs_twice():
    layer = nn.Linear(6, 6)
    with pytest.raises(ValueError, match=r"must be a layer that runs once .* ran 2 times"):
        EditedForward(nn.Sequential(layer, nn.ReLU(), layer), "0").probe(X)
