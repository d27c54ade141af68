"""A rule that accepts a call is right: what a row gives does not depend on the others."""

import pytest
import torch
from torch import nn
from torch.nn import functional as fn

from nbinterp.network.subject.rowwise import RULES, Call, Rows

B = 4
GENERATOR = torch.Generator().manual_seed(0)


def rows(*shape):
    return torch.randn(B, *shape, generator=GENERATOR)


def fixed(*shape):
    return nn.Parameter(torch.randn(*shape, generator=GENERATOR))


N = Rows(B, lambda: None)
R6, R23, MAP = rows(6), rows(2, 3), rows(2, 4, 4)
ACCEPTED = [
    (torch.relu, R6), (fn.gelu, R6), (torch.Tensor.pow, R6, 2), (torch.Tensor.add, R6, R6),
    (torch.Tensor.add, R6, fixed(6)), (torch.Tensor.mul, R6, fixed(1, 6)), (torch.sub, R6, 2.0),
    (fn.linear, R23, fixed(5, 3), fixed(5)), (torch.matmul, R6, fixed(6, 3)),
    (torch.matmul, R23, rows(3, 2)), (torch.bmm, R23, rows(3, 2)),
    (torch.conv1d, R23, fixed(5, 2, 2)), (torch.conv2d, MAP, fixed(3, 2, 2, 2), fixed(3)),
    (fn.max_pool2d, MAP, 2), (fn.adaptive_avg_pool2d, MAP, 2),
    (fn.layer_norm, R23, (3,)), (fn.layer_norm, R23, (2, 3)), (fn.group_norm, MAP, 2),
    (fn.batch_norm, R6, torch.zeros(6), torch.ones(6), None, None, False),
    (fn.dropout, R6, 0.5, False), (fn.softmax, R6, -1), (fn.log_softmax, R23, 1),
    (torch.Tensor.mean, R23, (1, 2)), (torch.Tensor.sum, R23, 1), (torch.Tensor.amax, R23, [2]),
    (fn.normalize, R23, 2.0, 2), (torch.flatten, R23, 1), (torch.Tensor.flatten, R23, 1, 2),
    (torch.Tensor.view, R23, N, -1), (torch.Tensor.view, R6, -1, 2, 3),
    (torch.Tensor.reshape, R23, (N, 3, 2)), (torch.Tensor.unflatten, R6, 1, (2, 3)),
    (torch.Tensor.transpose, R23, 1, 2), (torch.Tensor.permute, R23, 0, 2, 1),
    (torch.permute, R23, (0, 2, 1)), (torch.Tensor.unsqueeze, R6, -1),
    (torch.Tensor.squeeze, rows(1, 3), 1), (torch.cat, [R6, R6], 1), (torch.chunk, R6, 2, 1),
    (torch.Tensor.split, R6, 2, 1), (torch.Tensor.__getitem__, R6, (slice(None), 0)),
    (torch.Tensor.__getitem__, R23, (..., slice(1, 2))),
    (fn.scaled_dot_product_attention, R23, R23, R23),
]  # fmt: skip
REFUSED = [
    (torch.matmul, fixed(3, B), R6),
    (torch.matmul, R6, rows(B).T), (fn.linear, fixed(3, 6), R6),
    (torch.conv1d, R6, fixed(3, B, 1)), (fn.max_pool1d, R6, 2), (fn.layer_norm, R6, (B, 6)),
    (fn.batch_norm, R6, None, None, None, None, True), (fn.dropout, R6, 0.5, True),
    (fn.batch_norm, R6, torch.zeros(6), torch.ones(6), None, None, True), (fn.dropout, R6),
    (fn.softmax, R6, 0), (fn.softmax, R6), (fn.softmax, R6, -2), (torch.Tensor.mean, R6),
    (torch.Tensor.mean, R6, 0), (torch.Tensor.sum, R23, (0, 1)), (torch.Tensor.sum, R23, -3),
    (fn.normalize, R23, 2, 0), (fn.normalize, R23, 2), (torch.flatten, R23),
    (torch.Tensor.view, R23, 6, -1), (torch.Tensor.view, R23, B, -1),
    (torch.Tensor.view, R23, -1, N), (torch.Tensor.view, R23, -1, 3), (torch.Tensor.view, R6, N, N),
    (torch.Tensor.view, R6, torch.int32), (torch.Tensor.reshape, R23, (2, N, 3)),
    (torch.Tensor.transpose, R6, 0, 1), (torch.Tensor.transpose, R6, -2, 1),
    (torch.Tensor.permute, R23, 1, 0, 2), (torch.Tensor.unsqueeze, R6, 0),
    (torch.Tensor.unsqueeze, R6, -3), (torch.Tensor.squeeze, R6), (torch.cat, [R6, R6]),
    (torch.cat, [R6, fixed(B, 6)], 1), (torch.chunk, R6, 2), (torch.Tensor.split, R6, 2),
    (torch.Tensor.__getitem__, R6, 0), (torch.Tensor.__getitem__, R6, slice(None, 2)),
    (torch.Tensor.__getitem__, R6, (..., 0, 0)), (torch.Tensor.__getitem__, R6, (0, slice(None))),
    (torch.Tensor.__getitem__, R6, (slice(None), torch.tensor([0]))),
    (torch.Tensor.__getitem__, R6, (slice(None), None)), (torch.Tensor.add_, fixed(6), R6),
    (fn.scaled_dot_product_attention, R6, R6, R6),
    (fn.scaled_dot_product_attention, R23, R23, R23, None, 0.5),
]  # fmt: skip


def judged(function, args):
    """Return what the rule says, with each tensor of B rows that is no parameter as rows."""
    leaves = [item for arg in args for item in (arg if isinstance(arg, list) else [arg])]
    tensors = [item for item in leaves if isinstance(item, torch.Tensor)]
    ids = {id(t) for t in tensors if not isinstance(t, nn.Parameter) and t.shape[:1] == (B,)}
    return RULES[function](Call(args, {}, ids))


def taken(item, places):
    if type(item) in (list, tuple):
        return type(item)(taken(part, places) for part in item)
    if isinstance(item, Rows):
        return len(places)
    is_rows = isinstance(item, torch.Tensor) and not isinstance(item, nn.Parameter)
    return item[places].clone() if is_rows and item.shape[:1] == (B,) else item


@pytest.mark.parametrize("call", ACCEPTED, ids=lambda call: call[0].__name__)
def test_accepted_calls_keep_rows_apart(call):
    function, *args = call
    assert judged(function, tuple(args))
    places = torch.tensor([3, 1])
    whole, part = function(*args), function(*(taken(arg, places) for arg in args))
    for one, other in zip(
        *(t if isinstance(t, tuple) else (t,) for t in (whole, part)), strict=True
    ):
        torch.testing.assert_close(one[places], other)


@pytest.mark.parametrize("call", REFUSED, ids=lambda call: call[0].__name__)
def test_other_calls_are_not_accepted(call):
    function, *args = call
    assert not judged(function, tuple(args))


@pytest.mark.parametrize(
    "compute",
    [
        lambda n: n + 1, lambda n: 2 * n, lambda n: n // 2, lambda n: n == 4, lambda n: n > 1,
        lambda n: bool(n), lambda n: int(n), lambda n: float(n), lambda n: min(n, 9), lambda n: -n,
        lambda n: f"{n}", lambda n: 1 / n, lambda n: divmod(9, n), lambda n: n != 4,
    ],
)  # fmt: skip
def test_whoever_computes_with_the_number_of_rows_is_told_on(compute):
    told = []
    compute(Rows(4, lambda: told.append(1)))
    assert told
