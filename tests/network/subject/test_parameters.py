"""A forward that changes a parameter in eval mode is refused, and the parameter put back."""

import numpy as np
import pytest
import torch
from network.kinds import Of, head, hidden, table
from network.worlds import assert_same, factors_of
from torch import nn

from nbinterp import SmoothHess, Subject, check
from nbinterp.network import ablated, perturb, record

GIVEN = factors_of([f"h[{node}]" for node in range(12)], np.arange(1.0, 13.0))
X = table(8)


def _in_place(m, x):
    m.scale.mul_(1.5)


def _behind_its_back(m, x):
    m.scale.data[0] = 7


def _bound_anew(m, x):
    m.scale = nn.Parameter(m.scale * 2)


def _once(m, x):
    """Set from the first batch, as an ActNorm is."""
    if not m.is_set:
        m.scale.copy_(1 / x.std(0))
        m.is_set = True


CHANGES = {
    "in place": _in_place,
    "behind its back": _behind_its_back,
    "bound anew": _bound_anew,
    "once": _once,
}


def writing(change, is_read=True):
    def forward(m, x):
        change(m, x)
        return m.out(m.h(x * m.scale if is_read else x))

    model = Of(forward, h=hidden(), out=head())
    model.scale, model.is_set = nn.Parameter(torch.arange(1.0, 9.0)), False
    return model


FUNCTIONS = {
    "record": lambda model: record(model, X, "h", progress=False),
    "perturb": lambda model: perturb(model, X, GIVEN, layer="h", progress=False),
    "SmoothHess.explain": lambda model: SmoothHess(n_samples=64, progress=False).explain(
        model, X[:1], target=0
    ),
}


@pytest.mark.parametrize("is_read", [True, False])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_it_is_refused_and_put_back(name, change, is_read):
    model = writing(CHANGES[change], is_read)
    own, before = model.scale, model.scale.detach().clone()
    for _ in range(2):
        with pytest.raises(
            ValueError, match=r"must leave its parameters as .* changed 'scale'\. R"
        ):
            FUNCTIONS[name](model)
        assert model.scale is own and not model.is_set
        assert_same(own.detach(), before)


def test_a_parameter_inside_is_named():
    model = nn.Sequential(writing(_in_place), nn.ReLU())
    with pytest.raises(ValueError, match=r"^record\(model\) must .* changed '0.scale'"):
        record(model, X, "0.h", progress=False)


def test_a_change_that_comes_later_is_refused_too():
    model = writing(lambda m, x: m.scale.mul_(2) if m.is_set else None)
    FUNCTIONS["record"](model)
    model.is_set = True
    with pytest.raises(ValueError, match=r"'scale', which cannot be put back: load your weights"):
        Subject(model).few(X, 0)
        with Subject(model).ready():
            model(torch.from_numpy(X))


def test_check_refuses_all_but_what_the_caller_runs():
    found = check(writing(_once), X, "h")
    verdicts = {answer.function: answer.verdict for answer in found.answers}
    assert {name for name, verdict in verdicts.items() if verdict == "right"} == {"ablated"}
    model = writing(_in_place)
    with torch.no_grad(), ablated(model, "h", 0):
        model(torch.from_numpy(X))
    assert model.scale[0] > 1  # as without the block


def test_errors_of_others_are_not_hidden():
    def stop(m, x):
        m.scale.mul_(2)
        raise KeyboardInterrupt

    model = writing(stop)
    with pytest.raises(KeyboardInterrupt):
        FUNCTIONS["record"](model)
    assert_same(model.scale.detach(), torch.arange(1.0, 9.0))


def test_the_caller_may_train_between_calls():
    model = writing(lambda m, x: None)
    for _ in range(2):
        expected = record(model, X, "h", progress=False).output
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        model(torch.from_numpy(X)).sum().backward()
        optimizer.step()
    assert not np.allclose(record(model, X, "h", progress=False).output, expected)
