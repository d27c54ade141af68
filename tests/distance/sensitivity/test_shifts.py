import numpy as np
import pytest
import torch
from torch import nn

from nbinterp.distance.sensitivity.shifts import PreactivationEdits, Spread, node_axis

GENERATOR = torch.Generator().manual_seed(0)
SHIFTS, SCALES = torch.tensor([-1.0, 2.0]).double(), torch.tensor([0.1, 3.0]).double()


def moves(z, axis=0, n_random=3, nodes=(0, 2)):
    spread = Spread(axis)
    spread.add(z)
    sd = spread.deviation(1e-7)
    u = torch.randn(n_random, len(sd), generator=GENERATOR, dtype=torch.float64) * (sd > 0)
    u = u / u.norm(dim=1, keepdim=True)
    return PreactivationEdits(sd, u, list(nodes), SHIFTS, SCALES, axis)


def some(*shape):
    return torch.randn(*shape, generator=GENERATOR, dtype=torch.float64) * 2 + 1


def edits(moves, z):
    found = moves.edit(slice(0, moves.n_units), z, None)
    return found.reshape(moves.n_units, moves.n_steps, *z.shape)


def test_a_shift_moves_the_plane_offset_by_t_and_a_scale_the_unit_ratio_by_its_square():
    z = some(50, 4)
    m = moves(z)
    layer = edits(m, z)[0]
    offset, ratio = z.mean(dim=0) / m.sd, z.var(dim=0, correction=0)
    for t, shifted in zip(SHIFTS, layer[:2], strict=True):
        torch.testing.assert_close(shifted.mean(dim=0) / m.sd, offset + t)
        torch.testing.assert_close(shifted.var(dim=0, correction=0), ratio)
    for s, scaled in zip(SCALES, layer[2:], strict=True):
        own = scaled.std(dim=0, correction=0)
        torch.testing.assert_close(scaled.mean(dim=0) / own, offset)
        torch.testing.assert_close(own.square(), ratio * s**2)
        assert torch.equal(scaled, z * s)


def test_single_nodes_move_alone():
    z = some(20, 4)
    m = moves(z)
    for row, node in zip((4, 5), (0, 2), strict=True):
        found = edits(m, z)[row]
        others = [i for i in range(4) if i != node]
        assert torch.equal(found[..., others], z[:, others].expand(4, 20, 3))
        torch.testing.assert_close(found[0, :, node], z[:, node] - m.sd[node])
        torch.testing.assert_close(found[3, :, node], z[:, node] * 3)


def test_controls_go_as_far_along_their_direction():
    z = some(30, 5)
    z[:, 3] = 0.7  # dead
    m = moves(z)
    found = (edits(m, z) - z) * torch.where(m.sd > 0, 1 / m.sd, 0)
    layer, controls = found[0], found[1:4]
    torch.testing.assert_close(controls.norm(dim=-1), layer.norm(dim=-1).expand(3, 4, 30))
    for k, u in enumerate(m.directions):
        moved = controls[k].reshape(-1, 5)
        along = torch.outer(moved @ u, u)
        torch.testing.assert_close(moved, along, atol=1e-12, rtol=0)
        single = found[6 + k]
        torch.testing.assert_close(single[:2], (SHIFTS[:, None, None] * u).expand(2, 30, 5))
        reach = (z * torch.where(m.sd > 0, 1 / m.sd, 0)) @ u
        expected = (SCALES - 1)[:, None, None] * reach[:, None] * u
        torch.testing.assert_close(single[2:], expected)


def test_an_axis_is_a_direction_like_any_other():
    z = some(30, 4)
    m = moves(z, nodes=range(4))
    axes = PreactivationEdits(m.sd, torch.eye(4).double(), [], SHIFTS, SCALES, 0)
    torch.testing.assert_close(edits(m, z)[4:8], edits(axes, z)[5:9])


@pytest.mark.parametrize(("shape", "axis"), [((4, 3, 2), 0), ((7, 4), 1), ((4, 7), 0)])
def test_channels_and_tokens_move_wherever_they_stand(shape, axis):
    z = some(10, *shape)
    m = moves(z, axis)
    flat = z.movedim(1 + axis, -1).reshape(-1, 4)
    np.testing.assert_allclose(m.sd, flat.numpy().std(axis=0))
    rows = edits(PreactivationEdits(m.sd, m.directions, m.nodes, SHIFTS, SCALES, 0), flat)
    found = edits(m, z).movedim(3 + axis, -1).reshape(rows.shape)
    torch.testing.assert_close(found, rows)


def test_spread_over_batches_with_a_far_mean():
    z = some(100, 3) + 1e6
    spread = Spread(0)
    for part in z.split(7):
        spread.add(part)
    np.testing.assert_allclose(spread.deviation(1e-16), z.numpy().std(axis=0), rtol=1e-9)
    spread = Spread(0)
    spread.add(torch.full((10, 2), 0.1))
    assert not spread.deviation(1e-7).any()


def test_which_axis_counts_the_nodes():
    assert node_axis(nn.Linear(2, 3), (3,)) == 0
    assert node_axis(nn.Linear(2, 3), (7, 3)) == 1
    assert node_axis(nn.Conv1d(2, 3, 1), (3, 7)) == 0
    assert node_axis(nn.BatchNorm1d(3), (3, 7)) == 0
