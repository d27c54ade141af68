"""What a forward writes into buffers is put back."""

import numpy as np
import pytest
import torch
from network.kinds import Of, head, hidden, table
from network.worlds import assert_same, factors_of
from torch import nn

from nbinterp import Subject, check
from nbinterp.network import perturb, record

GIVEN = factors_of([f"h[{node}]" for node in range(12)], np.arange(1.0, 13.0))


def _added(m, x):
    m.kept += 1


def _by_a_norm(m, x):
    """Write what torch does not count."""
    nn.functional.batch_norm(x.repeat(2, 1), m.kept[:8], m.var, training=True)


def _behind_its_back(m, x):
    m.kept.data[3] = 7


def _bound_anew(m, x):
    m.kept = m.kept + 1


def _grown(m, x):
    m.kept.resize_(2 * len(m.kept))


CHANGES = {
    "added": _added,
    "by a norm": _by_a_norm,
    "behind its back": _behind_its_back,
    "bound anew": _bound_anew,
    "grown": _grown,
}


def writing(change, size=20, kind=torch.float32):
    """Return a network that writes into a buffer, which changes no output."""

    def forward(m, x):
        change(m, x)
        return m.out(m.h(x))

    model = Of(forward, h=hidden(), out=head())
    model.register_buffer("kept", torch.arange(size).to(kind))
    model.register_buffer("var", torch.ones(8))
    model.register_buffer("missing", torch.full((3,), torch.nan))
    model.register_buffer("none", None)
    return model


def functions(model):
    record(model, table(8), "h", progress=False)
    perturb(model, table(8), GIVEN, layer="h", amounts=[[1], [2]], progress=False)
    check(model, table(8), "h")


@pytest.mark.parametrize("change", CHANGES)
def test_small_buffers_are_put_back(change):
    model = writing(CHANGES[change])
    own, before = model.kept, {name: value.clone() for name, value in model.named_buffers()}
    functions(model)
    assert model.kept is own
    for name, value in model.named_buffers():
        np.testing.assert_array_equal(value, before[name])


@pytest.mark.parametrize("kind", [torch.float32, torch.float64, torch.int64, torch.bfloat16])
def test_large_buffers_are_put_back(kind):
    model = writing(_added, 100_000, kind)
    own, before = model.kept, model.kept.clone()
    functions(model)
    assert model.kept is own
    assert_same(own, before)


def test_a_buffer_too_large_to_copy_is_refused_only_where_it_changes():
    model = writing(lambda m, x: None, 5_000_000)
    functions(model)
    model = writing(lambda m, x: m.kept.add_(1), 5_000_000)
    with pytest.raises(ValueError, match=r"^record\(model\) must leave .* changed 'kept', which"):
        record(model, table(8), "h", progress=False)


def test_buffers_are_put_back_after_an_error_and_by_the_last_caller():
    def interrupt(m, x):
        m.kept += 1
        raise KeyboardInterrupt

    model = writing(interrupt)
    before = model.kept.clone()
    with pytest.raises(KeyboardInterrupt):
        record(model, table(8), "h", progress=False)
    assert_same(model.kept, before)
    subject = Subject(writing(_added))
    with subject.ready():
        with subject.ready():
            subject.run(torch.ones(2, 8))
        assert_same(subject.model.kept, before + 1)
    assert_same(subject.model.kept, before)


def test_what_did_not_change_is_not_written():
    """A backward pass of the caller still finds what it saved."""
    model = nn.Sequential(nn.Linear(8, 12), nn.BatchNorm1d(12), nn.Linear(12, 3)).eval()
    loss = model(torch.ones(2, 8)).sum()
    record(model, table(8), "0", progress=False)
    loss.backward()
